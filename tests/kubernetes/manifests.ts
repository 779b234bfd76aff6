import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { kustomizeProgram, manifestsProgram, REPOSITORY, resolveTool } from "@lgtm-lab/stack";
import { execa } from "execa";
import { parseAllDocuments } from "yaml";

/** The parts of Kubernetes objects that tests read. `manifestsProgram` checks that their types are right. */
export interface Labels {
  readonly [name: string]: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly limits: Labels; readonly requests: Labels };
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string; readonly scheme?: string };
}

interface ConfigMapSource {
  readonly configMap?: { readonly name: string };
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken?: boolean;
    readonly enableServiceLinks?: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly nodeSelector?: Labels;
    readonly securityContext: { readonly runAsUser: number };
    readonly containers: readonly Container[];
    readonly volumes?: readonly (ConfigMapSource & {
      readonly name: string;
      readonly secret?: { readonly secretName: string };
      readonly projected?: { readonly sources: readonly ConfigMapSource[] };
    })[];
  };
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: "In" | "Exists";
    readonly values?: readonly string[];
  }[];
}

interface Peer {
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  readonly ipBlock?: object;
}

export interface PolicyRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly data?: Labels;
  readonly automountServiceAccountToken?: boolean;
  readonly spec: {
    readonly template: PodTemplate;
    readonly selector: Labels & Selector;
    readonly clusterIP?: string;
    readonly serviceName?: string;
    readonly podManagementPolicy?: string;
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: string;
      readonly appProtocol?: string;
    }[];
    readonly scaleTargetRef: { readonly kind: string; readonly name: string };
    readonly rules: readonly {
      readonly host: string;
      readonly http: {
        readonly paths: readonly {
          readonly path: string;
          readonly pathType: string;
          readonly backend: Backend;
        }[];
      };
    }[];
    readonly podSelector: Selector;
    readonly ingress?: readonly PolicyRule[];
    readonly egress?: readonly PolicyRule[];
  };
}

interface Backend {
  readonly service: { readonly name: string; readonly port: { readonly name: string } };
}

/** The folders of deploy/kubernetes that can be applied. */
export const FOLDERS = ["base", "overlays/local", "overlays/production"] as const;
/** `helm` only adds to the others. */
export type Folder = (typeof FOLDERS)[number] | "helm";

const built = new Map<Folder, Promise<string>>();

/** Returns the manifests of a folder of deploy/kubernetes. */
export function build(folder: Folder): Promise<string> {
  const text = built.get(folder) ?? kustomize(join(REPOSITORY, "deploy/kubernetes", folder));
  built.set(folder, text);
  return text;
}

/** Returns the output of `kustomize build`, with the option for the configuration files (docs/kubernetes.md). */
async function kustomize(folder: string): Promise<string> {
  const program = await resolveTool("kustomize", kustomizeProgram);
  const options = ["--load-restrictor", "LoadRestrictionsNone"];
  const { stdout, stderr } = await execa(program, ["build", ...options, folder]);
  if (stderr) throw new Error(`kustomize printed a warning: ${stderr}`);
  return stdout;
}

/**
 * Returns the manifests of a folder of deploy/kubernetes with components added. deploy/setup.sh has such a kustomization in
 * .lab too.
 */
export async function buildWith(folder: Folder, components: readonly string[]): Promise<string> {
  const parent = join(REPOSITORY, ".lab/kubernetes");
  await mkdir(parent, { recursive: true });
  const temporary = await mkdtemp(join(parent, "test-"));
  const from = (path: string) => relative(temporary, join(REPOSITORY, "deploy/kubernetes", path));
  try {
    await writeFile(
      join(temporary, "kustomization.yaml"),
      JSON.stringify({
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        resources: [from(folder)],
        components: components.map((each) => from(`components/${each}`)),
      }),
    );
    return await kustomize(temporary);
  } finally {
    await rm(temporary, { recursive: true });
  }
}

/** Returns the objects of a folder. */
export const manifestsOf = async (folder: Folder): Promise<readonly Manifest[]> =>
  parseManifests(await build(folder));

export const parseManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

/**
 * Checks manifests as an API server does, with the Pod Security of their namespaces.
 * @returns the findings, one a line; empty if there are none.
 */
export async function findingsIn(manifests: string): Promise<string> {
  const program = await resolveTool("manifests", manifestsProgram);
  const { stdout, stderr, exitCode } = await execa(program, { input: manifests, reject: false });
  if (exitCode !== 0 && stdout === "") throw new Error(stderr);
  return exitCode === 0 ? "" : stdout;
}

/** Returns whether labels match a selector. */
export function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) =>
      operator === "Exists" ? key in labels : values.includes(labels[key] ?? ""),
    )
  );
}

/** Returns the content of each file that ConfigMaps provide in a pod, by its path. */
export function filesIn({ spec }: PodTemplate, manifests: readonly Manifest[]): ReadonlyMap<string, string> {
  const data = (source: ConfigMapSource): Labels =>
    manifests.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === source.configMap?.name)
      ?.data ?? {};
  const files = new Map<string, string>();
  for (const { volumeMounts = [] } of spec.containers)
    for (const { name, mountPath, subPath } of volumeMounts) {
      const volume = spec.volumes?.find((each) => each.name === name);
      for (const source of volume ? (volume.projected?.sources ?? [volume]) : [])
        for (const [file, content] of Object.entries(data(source)))
          if (subPath === undefined) files.set(`${mountPath}/${file}`, content);
          else if (subPath === file) files.set(mountPath, content);
    }
  return files;
}

/** Reads a file of the repository. */
export const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");

/** Returns the base URL of each gateway at the Ingress of the overlay `local`, by the name of its Service. */
export async function ingressBases(): Promise<ReadonlyMap<string, string>> {
  const manifests = await manifestsOf("overlays/local");
  const rules = manifests.find(({ kind }) => kind === "Ingress")?.spec.rules ?? [];
  return new Map(
    rules.flatMap(({ host, http }) =>
      http.paths.map(({ backend }) => [backend.service.name, `http://${host}`] as const),
    ),
  );
}
