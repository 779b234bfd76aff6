import pLimit from "p-limit";
import { findTool } from "../programs/find.ts";
import { type Binary, BUILDS_AT_ONCE, binary } from "../programs/program.ts";
import type { Progress } from "../terminal/messages.ts";
import { createPlainReport } from "../terminal/reporter.ts";
import { buildConsole } from "./console.ts";
import { COMPONENTS } from "./index.ts";
import { promtool } from "./prometheus.ts";

// renovate: datasource=github-releases depName=grafana/k6
const K6_VERSION = "1.8.1";

/** The release for macOS is a .zip and names the system differently. */
const k6Folder = (os: string, arch: string) => `k6-v${K6_VERSION}-${os === "darwin" ? "macos" : os}-${arch}`;

/** The load generator. Not part of the running stack: `lab load` obtains it when it is first used. */
export const k6Program: Binary = binary("K6_BIN", {
  release: {
    version: K6_VERSION,
    url: `https://github.com/grafana/k6/releases/download/v${K6_VERSION}`,
    asset: (os, arch) => `${k6Folder(os, arch)}.${os === "darwin" ? "zip" : "tar.gz"}`,
    checksums: () => `k6-v${K6_VERSION}-checksums.txt`,
    member: (os, arch) => `${k6Folder(os, arch)}/k6`,
  },
  module: {
    version: K6_VERSION,
    folder: "k6",
    package: "go.k6.io/k6",
    ldflags: "-s -w", // without a version, which k6 has in its code
  },
});

// renovate: datasource=github-releases depName=docker/compose
const COMPOSE_VERSION = "5.5.1";

const architecture = { amd64: "x86_64", arm64: "aarch64" } as const;
const composeAsset = (os: string, arch: keyof typeof architecture) =>
  `docker-compose-${os}-${architecture[arch]}`;

/**
 * A current version of Compose. Tests use it to read docker-compose.yml and to run it with any engine from 19.03 on.
 * Not part of the running stack.
 */
export const composeProgram: Binary = binary("LAB_COMPOSE", {
  release: {
    version: COMPOSE_VERSION,
    url: `https://github.com/docker/compose/releases/download/v${COMPOSE_VERSION}`,
    asset: composeAsset,
    checksums: (name) => `${name}.sha256`,
    member: composeAsset, // the program itself, not an archive
  },
  module: {
    version: COMPOSE_VERSION,
    folder: "compose",
    package: "github.com/docker/compose/v5/cmd",
    ldflags: `-s -w -X github.com/docker/compose/v5/internal.Version=v${COMPOSE_VERSION}`,
  },
});

// renovate: datasource=go depName=sigs.k8s.io/kustomize/kustomize/v5
const KUSTOMIZE_VERSION = "5.8.1";

/** Builds the manifests of deploy/kubernetes as `kubectl` does. For tests; not part of the running stack. */
export const kustomizeProgram: Binary = binary("KUSTOMIZE_BIN", {
  release: {
    version: KUSTOMIZE_VERSION,
    url: `https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv${KUSTOMIZE_VERSION}`,
    asset: (os, arch) => `kustomize_v${KUSTOMIZE_VERSION}_${os}_${arch}.tar.gz`,
    checksums: () => "checksums.txt",
    member: () => "kustomize",
  },
  module: {
    version: KUSTOMIZE_VERSION,
    folder: "kustomize",
    package: "sigs.k8s.io/kustomize/kustomize/v5",
    ldflags: `-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v${KUSTOMIZE_VERSION}`,
  },
});

/**
 * Finds or builds every program of the stack, promtool, and the console's web application, or only the programs in
 * `only`. Also finds or builds those in `extra`. Prints a line for each step. A stack that starts afterwards finds all
 * of them.
 * @throws LabError with the program that cannot be obtained, and the fix.
 */
export async function ensureBinaries(
  write: (line: string) => void,
  { only, extra = {} }: { only?: readonly string[]; extra?: Readonly<Record<string, Binary>> } = {},
): Promise<void> {
  const wanted = (name: string) => only === undefined || only.includes(name);
  const report = createPlainReport(write);
  const buildSlots = pLimit(BUILDS_AT_ONCE);
  const stack = COMPONENTS.flatMap(({ name, program }): [string, Binary][] =>
    program.kind === "binary" ? [[name, program]] : [],
  );
  const programs = [...stack, ["promtool", promtool] as const].filter(([name]) => wanted(name));
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const progressOf =
    (component: string): Progress =>
    (text, work) =>
      report({ type: "progress", component, text, ...(work && { work }) });
  const web = async (component = "console") => {
    if (await buildConsole({ progress: progressOf(component) }))
      report({ type: "ready", component, seconds: seconds(), detail: "web application built" });
  };
  await Promise.all([
    ...(wanted("console") ? [web()] : []),
    ...[...programs, ...Object.entries(extra)].map(async ([component, program]) => {
      const path = await findTool(component, program, { buildSlots, progress: progressOf(component) });
      if (path) report({ type: "ready", component, seconds: seconds(), detail: path });
      else report({ type: "skipped", component, text: program.optional ?? "not available" });
    }),
  ]);
}
