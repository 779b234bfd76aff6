import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { urls } from "../e2e/support/lab.ts";
import { lines } from "../e2e/support/loki.ts";
import { query } from "../e2e/support/prometheus.ts";
import { call, GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { trace, traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { environment } from "../runner/env.ts";
import { workloadsOf } from "./connections.ts";
import { manifestsOf } from "./manifests.ts";
import {
  deleteAutoscalers,
  isReady,
  kubectl,
  onlyPod,
  type Pod,
  podsOf,
  processesOf,
  restartsOf,
  scale,
  serviceAddress,
  setupArguments,
  skipUnlessOwnCluster,
} from "./stack.ts";

/** A process starts in 2 s; the kubelet and the readiness probe add a few. */
const BACK_MS = 60_000;

/** Workloads of which one pod can be replaced while the others run. */
const SERVICES = ["gateway", "gateway-rest", "service-a", "service-b"] as const;
/** Where a killed pod or process must not lose data. */
const STORES = ["tempo", "loki", "prometheus"] as const;

async function untilReplaced({ metadata }: Pod, name: string): Promise<void> {
  await within(`${name} is ready again`, BACK_MS, async () =>
    (await podsOf(name)).some((pod) => isReady(pod) && pod.metadata.uid !== metadata.uid),
  );
}

describe("after setup.sh", () => {
  it("every pod is ready, and none was restarted", async () => {
    const manifests = await manifestsOf("overlays/local");
    const scaled = manifests.flatMap(({ kind, spec }) =>
      kind === "HorizontalPodAutoscaler" ? spec.scaleTargetRef.name : [],
    );
    const pods = await eventually(
      "no pod is unready",
      async () => {
        const all = await podsOf();
        return all.every(isReady) && all;
      },
      BACK_MS,
    );
    for (const pod of pods) assert.equal(restartsOf(pod), 0, pod.metadata.name);
    for (const name of workloadsOf(manifests).keys()) {
      const { length } = pods.filter(({ metadata }) => metadata.labels["app.kubernetes.io/name"] === name);
      // On a busy machine, the load of other tests is enough for a second pod.
      assert.ok(length === 1 || (length > 1 && scaled.includes(name)), `${name} has ${length} pods`);
    }
    console.log(`    ${pods.length} pods are ready`);
  });

  it("each route responds through the Service of each gateway, with a trace", async () => {
    const at = await urls();
    for (const request of GATEWAY_REQUESTS) {
      const { status, traceId } = await call(await serviceAddress(request.gateway), request.path);
      assert.equal(status, 200);
      await eventually(`trace over ${request.protocol}`, () =>
        traceOf(at.tempo, traceId, [request.gateway, request.service]),
      );
    }
  });

  it("Prometheus scrapes every pod", async () => {
    const { prometheus } = await urls();
    const pods = (await podsOf())
      .map(({ metadata }) => metadata.name)
      .filter((name) => !/^traffic-/.test(name));
    await within("every pod is scraped", 30_000, async () => {
      const up = await query(prometheus, "up == 1");
      return pods.every((name) => up.some(({ metric }) => metric.pod === name));
    });
  });

  it("traces and lines name their pod and node", async () => {
    const at = await urls();
    const { metadata, spec } = await onlyPod("service-a");
    const { path, gateway } = GATEWAY_REQUESTS[0] as GatewayRequest;
    const { traceId } = await call(at.base({ gateway }), path);
    const spans = await eventually("the trace", () => traceOf(at.tempo, traceId, ["service-a"]));
    const { resource } = spans.find(({ service }) => service === "service-a") ?? assert.fail();
    assert.equal(resource["k8s.pod.name"], metadata.name);
    assert.equal(resource["k8s.namespace.name"], "pspd");
    assert.equal(resource["k8s.node.name"], spec.nodeName);
    const found = await eventually("the line", async () => {
      const some = await lines(at.loki, `{service_name="service-a"} | trace_id="${traceId}"`);
      return some.length > 0 && some;
    });
    const { json } = found[0] ?? assert.fail();
    assert.equal(json["k8s.pod.name"], metadata.name);
    assert.equal(json["k8s.namespace.name"], "pspd");
    assert.equal(json["k8s.node.name"], spec.nodeName);
  });

  it("setup.sh again changes nothing", async () => {
    const ids = async () => (await podsOf()).map(({ metadata }) => metadata.uid).sort();
    const before = await ids();
    const text = await output(join(REPOSITORY, "deploy/setup.sh"), setupArguments());
    // kubectl sends a few objects again because of their defaults, and prints "configured"; their content is the same.
    const objects = text.match(/ (unchanged|configured)$/gm) ?? [];
    assert.ok(objects.length > 50, text);
    assert.doesNotMatch(text, / created$/m);
    const manifests = join(REPOSITORY, ".lab/kubernetes/local/manifests.yaml");
    assert.equal(await kubectl("diff", `--filename=${manifests}`), "");
    assert.deepEqual(await ids(), before);
    console.log(`    ${objects.length} objects, no difference`);
  });
});

describe("a pod that fails", () => {
  // They would undo what these tests set.
  before(async () => {
    await deleteAutoscalers();
    await Promise.all(SERVICES.map((name) => scale(name, 1)));
  });

  for (const name of [...SERVICES, "otelcol", "console"] as const)
    it(`${name}: a killed process is started again`, { skip: skipUnlessOwnCluster }, async () => {
      const pod = await onlyPod(name);
      const [id] = await processesOf(pod);
      process.kill(id ?? assert.fail("it has no process"), "SIGKILL");
      await within(`${name} is ready again`, BACK_MS, async () => {
        const [again] = (await podsOf(name)).filter(isReady);
        return again !== undefined && restartsOf(again) === restartsOf(pod) + 1;
      });
    });

  for (const name of SERVICES)
    it(`${name}: a deleted pod is replaced`, async () => {
      const pod = await onlyPod(name);
      await kubectl("--namespace=pspd", "delete", "pod", pod.metadata.name, "--wait=false");
      await untilReplaced(pod, name);
    });

  it("an unready pod gets no request, and gets them again when it is ready", {
    skip: skipUnlessOwnCluster,
  }, async () => {
    await scale("gateway", 2);
    const base = await serviceAddress("gateway");
    const [pod] = (await podsOf("gateway")).filter(isReady);
    assert.ok(pod);
    const ids = await processesOf(pod);
    // It accepts connections, and responds to nothing.
    for (const id of ids) process.kill(id, "SIGSTOP");
    try {
      // Two probes in turn, each up to 2 s, then the rules of the node.
      await within("it is unready", 20_000, async () =>
        (await podsOf("gateway")).some((each) => each.metadata.uid === pod.metadata.uid && !isReady(each)),
      );
      // Each request is a new connection: a connection stays with its pod.
      const init = () => ({ headers: { connection: "close" }, signal: AbortSignal.timeout(2_000) });
      const get = () =>
        fetch(`${base}/a/hello`, init()).then(
          ({ status }) => status,
          () => "no response",
        );
      const get20 = async () => new Set(await Promise.all(Array.from({ length: 20 }, get)));
      await within(
        "the rules of the node are without it",
        10_000,
        async () => [...(await get20())].join() === "200",
      );
      for (let round = 0; round < 10; round++) assert.deepEqual([...(await get20())], [200]);
      console.log("    200 requests, none to the unready pod");
    } finally {
      for (const id of ids) process.kill(id, "SIGCONT");
    }
    await within(
      "it is ready again",
      15_000,
      async () => (await podsOf("gateway")).filter(isReady).length === 2,
    );
    await scale("gateway", 1);
  });
});

describe("claims keep the data of a deleted pod", () => {
  let at: Awaited<ReturnType<typeof urls>>;
  let traceId: string;
  let moment: number;
  const up = 'up{job="gateway"}';

  before(async () => {
    at = await urls();
    const { path, gateway } = GATEWAY_REQUESTS[0] as GatewayRequest;
    ({ traceId } = await call(at.base({ gateway }), path));
    await eventually("the trace", () => traceOf(at.tempo, traceId, ["gateway", "service-a"]));
    await eventually("the line", async () => (await linesOfTrace()).length > 0);
    moment = Date.now() / 1000;
    assert.ok((await query(at.prometheus, up)).length > 0);
    for (const name of STORES) {
      const pod = await onlyPod(name);
      await kubectl("--namespace=observability", "delete", "pod", pod.metadata.name, "--wait=false");
      await untilReplaced(pod, name);
    }
  });
  const linesOfTrace = () => lines(at.loki, `{service_name="gateway"} | trace_id="${traceId}"`);

  it("Tempo still has the trace", async () => {
    await within("the trace", 10_000, async () => trace(at.tempo, traceId));
  });
  it("Loki still has the line", async () => {
    await within("the line", 10_000, async () => (await linesOfTrace()).length > 0);
  });
  it("Prometheus still has the sample", async () => {
    await within("the sample", 10_000, async () => {
      return (await query(at.prometheus, `${up} @ ${moment}`)).length > 0;
    });
  });
});

/** What docs/kubernetes.md describes, and the cluster of cluster.ts cannot show. */
const SKIPPED: readonly (readonly [what: string, why: string])[] = [
  ["the overlay `production`", "its requests and replicas do not fit on this node"],
  ["pods spread over several nodes, and a drained node", "the tests use one node"],
  ["the images that setup.sh builds for minikube, kind and k3d, or pushes", "none of them runs here"],
  ["ingress-nginx", "the Ingress controller here is Traefik"],
  ["TLS at the Ingress", "it needs a certificate of the overlay `production`"],
  ["the values for Helm charts", "the charts are not available"],
  ...(environment.LAB_TEST_SKIPPED ?? "")
    .split(",")
    .filter(Boolean)
    .map(
      (name) =>
        [name, "its image can be neither pulled nor built; a placeholder responds to its probes"] as const,
    ),
];
describe("not tested", () => {
  for (const [what, why] of skipUnlessOwnCluster ? [] : SKIPPED) it(what, { skip: why });
});
