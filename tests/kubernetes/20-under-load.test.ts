import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { GATEWAY_NAMES } from "@lgtm-lab/contracts";
import { GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { startUsers } from "../e2e/support/users.ts";
import { within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { buildWith, ingressBases, parseManifests } from "./manifests.ts";
import {
  context,
  deleteAutoscalers,
  isReady,
  onlyPod,
  type Pod,
  podsOf,
  programOfNode,
  restart,
  restartsOf,
  scale,
  serviceAddress,
  skipUnlessOwnCluster,
  untilRolledOut,
} from "./stack.ts";

const PER_SECOND = 10;
/** Users of k6, who send as many requests as one gateway and the node can handle. The load is stopped earlier. */
const USERS = { users: 4, seconds: 300 };
const STARTED_AGAIN_MS = 10_000;
/** Each pod is probed every two seconds. */
const READY_AGAIN_MS = 30_000;
/** Names are resolved every second. */
const CALLED_MS = 10_000;

/** Sends requests of each route to the Service of each gateway while `change` runs. All must succeed. */
async function underLoad(change: () => Promise<void>): Promise<void> {
  const bases = await Promise.all(
    GATEWAY_NAMES.map(async (name) => [name, await serviceAddress(name)] as const),
  );
  await whileSending(GATEWAY_REQUESTS, new Map(bases), change);
}

async function whileSending(
  requests: readonly GatewayRequest[],
  bases: ReadonlyMap<string, string>,
  change: () => Promise<void>,
): Promise<void> {
  const traffic = new Traffic({
    rate: PER_SECOND,
    requests,
    base: ({ gateway }) => bases.get(gateway) ?? assert.fail(),
  });
  const began = performance.now();
  await change().finally(() => traffic.stop());
  const failed = traffic.sent.filter(({ status }) => status !== 200);
  const seconds = (performance.now() - began) / 1000;
  console.log(`    ${traffic.sent.length} requests in ${seconds.toFixed(0)} s, ${failed.length} failed`);
  assert.ok(traffic.sent.length > (seconds * PER_SECOND) / 2);
  assert.deepEqual(
    failed.map(
      ({ request, status, body, at }) =>
        `${new Date(at).toISOString()} ${request.gateway} ${request.path}: ${status} ${body}`,
    ),
    [],
  );
}

/** Kills a program of the node, and waits until its service manager has started it again. */
async function killProgram(name: string): Promise<void> {
  const killed = (await programOfNode(name)) ?? assert.fail(`${name} does not run`);
  process.kill(killed, "SIGKILL");
  await within(`${name} runs again`, STARTED_AGAIN_MS, async () => {
    const id = await programOfNode(name);
    return id !== undefined && id !== killed;
  });
}

describe("under load, without a failed request", { skip: skipUnlessOwnCluster }, () => {
  // They would undo what these tests set.
  before(deleteAutoscalers);

  for (const name of ["service-a", "service-b", "gateway", "gateway-rest"])
    it(`a rolling update of ${name}`, () => underLoad(() => restart(name)));

  for (const name of GATEWAY_NAMES)
    it(`${name}: a rolling update, three pods, and one again, under the load of k6 through the Ingress`, async () => {
      // 15-network.test.ts has added the hosts to /etc/hosts.
      const base = (await ingressBases()).get(name) ?? assert.fail(`no host for ${name}`);
      const load = await startUsers(base, { ...USERS, testId: "rolling-update" });
      const change = async () => {
        await restart(name);
        await scale(name, 3);
        await scale(name, 1);
      };
      const began = performance.now();
      await change().finally(load.stop);
      assert.ok(performance.now() - began < USERS.seconds * 1000, "the load ended before the changes");
      const { succeeded, shed, failed, log } = await load.counted;
      console.log(`    ${succeeded} × 200, ${shed} shed, ${failed} failed`);
      assert.ok(succeeded > 100);
      assert.deepEqual([shed, failed], [0, 0], log.join("\n"));
    });

  for (const name of ["service-a", "service-b", "gateway"])
    it(`${name}: from one pod to three, and back to one`, () =>
      underLoad(async () => {
        await scale(name, 3);
        await scale(name, 1);
      }));

  // Without one of these programs, a new pod would not start, would get no requests, or could not be reached.
  for (const name of ["containerd", "kube-proxy", "kube-router"])
    it(`${name} is killed and restarted; a rolling update then succeeds`, () =>
      underLoad(async () => {
        await killProgram(name);
        await restart("service-a");
      }));

  // A new kubelet reports every pod as unready until it has probed it (kubernetes/kubernetes#100277), so for a moment the
  // Services have no pods on this node, which is the only one. So these requests are sent to the pods.
  it("kubelet is killed and restarted: pods keep responding, and a rolling update then succeeds", async () => {
    const others = async () => (await podsOf()).filter(({ metadata }) => !/^service-a-/.test(metadata.name));
    const before = await others();
    const bases = await Promise.all(
      GATEWAY_NAMES.map(async (name) => {
        const { port } = new URL(await serviceAddress(name));
        return [name, `http://${(await onlyPod(name)).status.podIP}:${port}`] as const;
      }),
    );
    const requests = GATEWAY_REQUESTS.map((request) => ({ ...request, path: "/healthz" }));
    await whileSending(requests, new Map(bases), async () => {
      await killProgram("kubelet");
      await restart("service-a");
    });
    await within("every pod is ready", READY_AGAIN_MS, async () => (await podsOf()).every(isReady));
    const started = (pods: readonly Pod[]) =>
      pods.map((pod) => `${pod.metadata.name} ${pod.metadata.uid} ${restartsOf(pod)}`).sort();
    assert.deepEqual(started(await others()), started(before));
  });

  it("the component `balancing`: the gateway calls each of three pods of service-a, then one", async () => {
    await applyWithBalancing();
    await underLoad(async () => {
      await scale("service-a", 3);
      const base = await serviceAddress("gateway");
      const pods = (await podsOf("service-a")).filter(isReady);
      assert.equal(pods.length, 3);
      await within("calls to each pod", CALLED_MS, async () => {
        const metrics = await (await fetch(`${base}/metrics`)).text();
        const calls = metrics.split("\n").filter((line) => line.startsWith("gateway_upstream_calls_total{"));
        return pods.every(({ status }) => calls.some((line) => line.includes(`"${status.podIP}:50051"`)));
      });
      await scale("service-a", 1);
    });
  });
});

/** Applies the overlay `local` with a component of `production`. deploy/setup.sh undoes it. */
async function applyWithBalancing(): Promise<void> {
  const items = parseManifests(await buildWith("overlays/local", ["balancing"])).filter(
    ({ kind }) => kind !== "HorizontalPodAutoscaler",
  );
  await output("kubectl", ["--context", context(), "apply", "--filename=-"], {
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  });
  await Promise.all(GATEWAY_NAMES.map(untilRolledOut));
}
