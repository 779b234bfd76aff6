import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kustomizeProgram, REPOSITORY, resolveTool } from "@lgtm-lab/stack";
import { execa } from "execa";
import { readEnvironment } from "../../packages/stack/src/env.ts";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";
import { workloadsOf } from "../kubernetes/connections.ts";
import { findingsIn, parseManifests } from "../kubernetes/manifests.ts";

/**
 * Runs deploy/setup.sh and deploy/teardown.sh with a fake kubectl, kind, k3d and minikube: which cluster they choose, and
 * what they ask before they change it. tests/kubernetes runs them with a real cluster.
 */

/** What the fake programs know. Names are separated by spaces. */
interface Clusters {
  readonly CONTEXTS: string;
  readonly CURRENT?: string;
  readonly KIND?: string;
  readonly K3D?: string;
  readonly MINIKUBE?: string;
  /** The namespaces of the lab that exist. */
  readonly INSTALLED?: string;
  /** `yes`: API servers respond. Only then does the script reach the manifests. */
  readonly RESPONDS?: string;
}

/**
 * Replaces all four programs. They list the contexts and clusters of the test; API servers do not have the lab, and
 * reject all manifests.
 */
const FAKE_PROGRAM = `#!/bin/bash
call="\${0##*/} $*"
echo "$call" >>"$FOLDER/calls"
case $call in
  "kubectl config get-contexts -o name") printf '%s\\n' $CONTEXTS ;;
  "kubectl config current-context") [ -n "$CURRENT" ] && echo "$CURRENT" ;;
  "kind get clusters") printf '%s\\n' $KIND ;;
  "k3d cluster list "*) [[ " $K3D " == *" $3 "* ]] ;;
  "minikube profile list -o json")
    printf '{"invalid":[],"valid":[{"Name":"%s","Config":{"Nodes":[{"Name":""}]}}]}\\n' "$MINIKUBE" ;;
  *" config view "*) echo "https://remote.example.com:6443" ;;
  *" get --raw /readyz") [ "$RESPONDS" = yes ] ;;
  *" get --raw /version") echo '{"minor": "34"}' ;;
  *" get namespace "*part-of*) [[ " $INSTALLED " != *" $5 "* ]] || echo lgtm-lab ;;
  *" get "*) ;;
  *" kustomize "*) exec "$KUSTOMIZE" build "\${@:4}" ;;
  *" apply -f deploy/kubernetes/base/namespaces.yaml") ;;
  *" apply --dry-run=server -f -") cat >"$FOLDER/manifests.yaml"; exit 1 ;;
  *) echo "unexpected: $call" >&2; exit 1 ;;
esac
`;

function fakes(clusters: Clusters) {
  const folder = temporaryFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const program of ["kubectl", "kind", "k3d", "minikube"])
    writeFileSync(join(bin, program), FAKE_PROGRAM, { mode: 0o755 });
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  return {
    folder,
    read,
    /** Runs a command without a terminal, in the folder. */
    run: async (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const { exitCode, all } = await execa(program, args, {
        cwd: folder,
        env: { PATH: `${bin}:${readEnvironment().basic.PATH}`, FOLDER: folder, ...clusters, ...env },
        extendEnv: false,
        reject: false,
        all: true,
        stdin: "ignore",
      });
      return { exitCode, all };
    },
    /** The clusters that were used: those whose API server was asked whether it is ready. */
    used: () => [...read("calls").matchAll(/--context (\S+) get --raw \/readyz/g)].map(([, name]) => name),
  };
}

const SETUP = join(REPOSITORY, "deploy/setup.sh");
const TEARDOWN = join(REPOSITORY, "deploy/teardown.sh");
const REMOTE = { CONTEXTS: "kind-prod", CURRENT: "kind-prod" };
const NOT_LOCAL = /This is not a cluster of minikube, kind or k3d on this machine\./;

for (const [what, clusters, args, message, used] of [
  [
    "--yes does not name a remote cluster that is called kind-prod",
    { ...REMOTE, KIND: "other" },
    ["--yes"],
    /not a cluster .* on this machine\. With --yes, .*: --context kind-prod \(https:\/\/remote\.example\.com:6443\)/,
    [],
  ],
  ["a remote cluster called k3d-x", { CONTEXTS: "k3d-x", CURRENT: "k3d-x", K3D: "y" }, [], NOT_LOCAL, []],
  ["no terminal for the question", REMOTE, [], /give --yes --context kind-prod \(https:/, []],
  [
    "a remote cluster with --yes and --context",
    REMOTE,
    ["--yes", "--context", "kind-prod"],
    /Warning: kind does not list a cluster "prod"/,
    ["kind-prod"],
  ],
  ["kind", { ...REMOTE, KIND: "dev prod" }, ["--yes"], /context kind-prod \(kind\)/, ["kind-prod"]],
  ["k3d", { CONTEXTS: "k3d-x", CURRENT: "k3d-x", K3D: "x" }, [], /context k3d-x \(k3d\)/, ["k3d-x"]],
  ["minikube", { CONTEXTS: "a b", CURRENT: "b", MINIKUBE: "b" }, [], /context b \(minikube\)/, ["b"]],
  [
    "the current one is remote, and one is local",
    { CONTEXTS: "prod kind-prod kind-dev", CURRENT: "prod", KIND: "dev" },
    ["--yes"],
    /context prod is not a cluster .* so this uses the only local one: kind-dev\.\nTo use .*, give --context prod\./,
    ["kind-dev"],
  ],
  [
    "there is no current one, and one is local",
    { CONTEXTS: "prod minikube", MINIKUBE: "minikube" },
    [],
    /no current context, so this uses the only local one: minikube\./,
    ["minikube"],
  ],
  [
    "the current one is remote, and several are local",
    { CONTEXTS: "prod kind-dev k3d-x", CURRENT: "prod", KIND: "dev", K3D: "x" },
    ["--yes"],
    /several local ones\. .*:\n {2}deploy\/setup\.sh --context kind-dev\n {2}deploy\/setup\.sh --context k3d-x$/,
    [],
  ],
  [
    "there is none, with a minikube that has no context",
    { CONTEXTS: "prod", MINIKUBE: "minikube" },
    [],
    /no current context\. Start a cluster/,
    [],
  ],
  ["an unknown one", REMOTE, ["--context", "kind"], /no context "kind"\. Available:\nkind-prod$/, []],
] as const)
  test(`the cluster of setup.sh: ${what}`, async () => {
    const fake = fakes(clusters);
    const { exitCode, all } = await fake.run(SETUP, args);
    assert.equal(exitCode, 1);
    assert.match(all, message);
    assert.deepEqual(fake.used(), used);
  });

for (const [script, clusters, message] of [
  [SETUP, REMOTE, /Install into it\? \[y\/N\] .*Nothing was changed\./s],
  [
    TEARDOWN,
    { ...REMOTE, INSTALLED: "pspd" },
    /Delete the namespaces pspd .*\[y\/N\] .*Nothing was deleted\./s,
  ],
] as const)
  test(`${script.slice(REPOSITORY.length + 1)}: the end of the input answers the question with no`, {
    // Other systems have other options of `script`, which gives the command a terminal.
    skip: process.platform !== "linux",
  }, async () => {
    const fake = fakes(clusters);
    const { exitCode, all } = await fake.run("script", ["-qec", script, "/dev/null"]);
    assert.equal(exitCode, 1);
    assert.match(all, message);
    assert.deepEqual(fake.used(), []);
    assert.doesNotMatch(fake.read("calls"), / (apply|delete) /);
  });

test("teardown.sh --yes without --context deletes nothing, whatever the cluster is called", async () => {
  const fake = fakes({ ...REMOTE, KIND: "prod", INSTALLED: "pspd" });
  const { exitCode, all } = await fake.run(TEARDOWN, ["--yes"]);
  assert.equal(exitCode, 1);
  assert.match(all, /name the cluster too: --context kind-prod \(https:/);
  assert.doesNotMatch(fake.read("calls"), / delete /);
});

test("setup.sh --overlay production: the options are in manifests that an API server would accept", async () => {
  const fake = fakes({ CONTEXTS: "prod", RESPONDS: "yes" });
  // The script writes to .lab of the folder above it.
  for (const entry of [
    ...["deploy", "package.json", "grafana", "loki", "prometheus", "tempo"],
    ...["alertmanager.yml", "otel-collector.yaml", "otel-collector-tls.yaml", "prometheus.yml"],
  ])
    symlinkSync(join(REPOSITORY, entry), join(fake.folder, entry));
  const options = {
    context: "prod",
    overlay: "production",
    registry: "registry.example.com/team",
    tag: "1.2.3",
    "pull-secret": "pull",
    "storage-class": "fast",
    host: "api.example.com",
    "rest-host": "rest.example.com",
    "cluster-issuer": "letsencrypt",
    "ingress-class": "edge",
    "ingress-namespace": "edge-system",
    "ingress-cidr": "10.1.0.0/16",
  };
  const { all } = await fake.run(
    join(fake.folder, "deploy/setup.sh"),
    ["--yes", "--tls", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])],
    { KUSTOMIZE: await resolveTool("kustomize", kustomizeProgram) },
  );
  assert.match(all, /The API server rejects this/);
  const text = fake.read("manifests.yaml");
  assert.equal(await findingsIn(text), "");
  const manifests = parseManifests(text);
  const ours = [...workloadsOf(manifests).values()].flatMap(({ spec }) =>
    spec.template.spec.containers.filter(({ image }) => image.includes("lgtm-lab")),
  );
  assert.deepEqual(
    [...new Set(ours.map(({ image, imagePullPolicy }) => `${image} ${imagePullPolicy}`))].sort(),
    ["console", "services"].map((name) => `registry.example.com/team/lgtm-lab/${name}:1.2.3 IfNotPresent`),
  );
  const found = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const claims = manifests.filter(({ kind }) => kind === "StatefulSet").length;
  assert.equal(found(/storageClassName: fast$/gm), claims);
  assert.doesNotMatch(text, /pspd(-rest)?\.local|registry\.invalid/);
  const ingress = manifests.find(({ kind }) => kind === "Ingress") ?? assert.fail();
  assert.deepEqual(
    ingress.spec.rules.map(({ host }) => host),
    [options.host, options["rest-host"]],
  );
  for (const each of [
    /cert-manager\.io\/cluster-issuer: letsencrypt$/m,
    /ingressClassName: edge$/m,
    /value: https:\/\/api\.example\.com$/m,
    /value: https:\/\/rest\.example\.com$/m,
  ])
    assert.match(text, each);
  const accounts = manifests.filter(
    ({ kind, metadata }) =>
      kind === "ServiceAccount" && (metadata.namespace === "pspd" || metadata.name === "console"),
  );
  assert.equal(found(/imagePullSecrets:\n- name: pull$/gm), accounts.length);
  for (const name of ["gateway", "gateway-rest"]) {
    const policy =
      manifests.find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === name) ??
      assert.fail(name);
    const peers = JSON.stringify(policy.spec.ingress?.[0]?.from);
    assert.match(peers, /"kubernetes\.io\/metadata\.name":"edge-system"/);
    assert.match(peers, /"cidr":"10\.1\.0\.0\/16"/);
  }
});
