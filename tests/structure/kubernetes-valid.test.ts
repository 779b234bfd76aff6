import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { build, FOLDERS, findingsIn, manifestsOf, read } from "../kubernetes/manifests.ts";

/**
 * Checks the manifests of deploy/kubernetes with the code of the Kubernetes API server (tools/go/manifests): fields,
 * values, defaults, and the Pod Security Standard of each namespace. Needs no cluster.
 */
for (const folder of FOLDERS)
  test(`${folder}: an API server would accept every object`, async () => {
    assert.equal(await findingsIn(await build(folder)), "");
  });

test("helm: an API server would accept every object, and the values refer to ConfigMaps that exist", async () => {
  assert.equal(await findingsIn(`${await build("base")}\n---\n${await build("helm")}`), "");
  const files = new Map(
    (await manifestsOf("helm")).flatMap(({ kind, metadata, data }) =>
      kind === "ConfigMap" && metadata.namespace === "lgtm" ? [[metadata.name, data ?? {}] as const] : [],
    ),
  );
  const { extraConfigmapMounts } = parse(read("deploy/kubernetes/helm/grafana.yaml"));
  assert.ok(extraConfigmapMounts.length > 5);
  for (const { configMap, subPath } of extraConfigmapMounts) {
    assert.ok(files.has(configMap), configMap);
    if (subPath !== undefined) assert.ok(subPath in (files.get(configMap) ?? {}), subPath);
  }
});

/** One mistake each, with the finding that it must cause. */
const MISTAKES: readonly [what: string, from: string | RegExp, to: string, finding: RegExp][] = [
  [
    "an unknown field",
    "enableServiceLinks:",
    "enableServiceLink:",
    /unknown field "spec.template.spec.enableServiceLink"/,
  ],
  ["an invalid port", "containerPort: 8080", "containerPort: 80800", /Invalid value: 80800/],
  [
    "a probe of a port that does not exist",
    "port: http\n",
    "port: web site\n",
    /Probe.httpGet.port: Invalid value/,
  ],
  ["a container without an image", /image: lgtm-lab\/services:.*/, 'image: ""', /image: Required value/],
  [
    "a volume that does not exist",
    "name: tmp\n",
    "name: temporary\n",
    /volumeMounts.*Not found: "temporary"/,
  ],
  [
    "a memory limit below its request",
    "memory: 124Mi",
    "memory: 1Mi",
    /must be less than or equal to memory limit/,
  ],
  [
    "a container as root",
    "runAsNonRoot: true",
    "runAsNonRoot: false",
    /violates Pod Security "restricted:latest": runAsNonRoot/,
  ],
  [
    "a container with capabilities",
    "        - ALL",
    "        - NET_RAW",
    /violates Pod Security .*capabilities/,
  ],
  [
    "a pod in a namespace that nothing creates",
    /(kind: Deployment\nmetadata:\n(?: {2}.*\n)*? {2}namespace:) pspd/,
    "$1 psdp",
    /its namespace is not among the manifests/,
  ],
];
for (const [what, from, to, finding] of MISTAKES)
  test(`the check finds ${what}`, async () => {
    const manifests = await build("base");
    const wrong = manifests.replace(from, to);
    assert.notEqual(wrong, manifests);
    assert.match(await findingsIn(wrong), finding);
  });

/** `kubectl apply` stores the object as JSON in an annotation. The limit is for all annotations of an object. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

for (const folder of FOLDERS)
  test(`${folder}: kubectl can apply every object without --server-side`, async () => {
    for (const manifest of await manifestsOf(folder))
      assert.ok(
        Buffer.byteLength(JSON.stringify(manifest)) < MAX_ANNOTATION_BYTES - 1024,
        manifest.metadata.name,
      );
  });
