import { SERVICE_NAMES, SERVICES, type ServiceName, unknownName } from "@lgtm-lab/contracts";
import type { FaultAccess } from "@lgtm-lab/faults/client";
import { execa } from "execa";
import * as v from "valibot";
import { commandLine, failureMessage, LabError } from "../terminal/messages.ts";

/** As in deploy/kubernetes/base/namespaces.yaml. */
const NAMESPACE = "pspd";
const PART_OF = "app.kubernetes.io/part-of";
const PROJECT = "lgtm-lab";
/** As in deploy/setup.sh. */
const SECRET = "fault-admin";

const REQUEST_SECONDS = 10;
const FORWARD_MS = 15_000;
const RESPONSE_MS = 5000;
/** Shorter than the container's preStop hook (deploy/kubernetes/base/pspd/service.yaml), so the pod does not stop gracefully. */
const KILL_GRACE_SECONDS = 1;

/** The services in a Kubernetes cluster, with the rights of the user's kubeconfig. */
export interface Cluster extends AsyncDisposable {
  readonly faults: FaultAccess;
  /** Returns the pods whose fault admin port does not respond. */
  readonly unreachable: () => Promise<string[]>;
  /** Deletes the pods of a service, which the cluster replaces. Returns their names. */
  readonly deletePods: (service: ServiceName) => Promise<string[]>;
}

const podList = v.object({
  items: v.array(
    v.object({
      metadata: v.object({
        name: v.string(),
        deletionTimestamp: v.optional(v.string()),
        labels: v.record(v.string(), v.string()),
      }),
      status: v.object({
        phase: v.string(),
        conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string() })), []),
      }),
    }),
  ),
});

/**
 * The pods to connect to. A fault can be set only in ready pods. A running pod that is not ready may have a fault to end,
 * such as a gateway while crash-b is active.
 */
export type PodState = "ready" | "running";

/** Describes why kubectl failed, with its last lines. */
const failure = (what: string, args: readonly string[], stderr: string): LabError =>
  new LabError(
    failureMessage({
      what,
      command: commandLine("kubectl", args),
      tail: stderr.trim().split("\n").slice(-5),
    }),
  );

/**
 * Connects to the services that deploy/setup.sh installed in the cluster of a kubectl context. The fault admin port of each
 * ready or running pod is then available on this machine, until the returned object is disposed.
 * @throws LabError if kubectl, the context, the cluster or the services are missing. Nothing is changed then.
 */
export async function connectToCluster(context: string, wanted: PodState): Promise<Cluster> {
  const inNamespace = ["--context", context, "--namespace", NAMESPACE];
  async function run(...args: readonly string[]): Promise<string> {
    const result = await execa("kubectl", args, { reject: false, stdin: "ignore" });
    if (!result.failed) return result.stdout;
    if (result.code === "ENOENT")
      throw new LabError(
        "--context needs kubectl, which is not on the PATH: https://kubernetes.io/docs/tasks/tools",
      );
    throw failure(`kubectl failed with the context ${context}.`, args, result.stderr);
  }
  const request = (...args: readonly string[]) =>
    run(...inNamespace, `--request-timeout=${REQUEST_SECONDS}s`, ...args);

  const contexts = (await run("config", "get-contexts", "--output=name")).split("\n").filter(Boolean);
  if (contexts.length === 0) throw new LabError("kubectl has no context: is KUBECONFIG set?");
  if (!contexts.includes(context)) throw new LabError(unknownName("context", context, contexts));
  const label = `{.metadata.labels.${PART_OF.replaceAll(".", "\\.")}}`;
  if (
    (await request("get", "namespace", NAMESPACE, "--ignore-not-found", `--output=jsonpath=${label}`)) !==
    PROJECT
  )
    throw new LabError(
      `The cluster of the context ${context} has no namespace ${NAMESPACE} with the label ${PART_OF}=${PROJECT}. deploy/setup.sh --context ${context} installs it.`,
    );
  const [token, pods] = await Promise.all([
    request(
      "get",
      "secret",
      SECRET,
      "--ignore-not-found",
      "--output=go-template={{.data.token | base64decode}}",
    ),
    request("get", "pods", `--selector=${PART_OF}=${PROJECT}`, "--output=json"),
  ]);
  if (!token)
    throw new LabError(
      `The namespace ${NAMESPACE} of the context ${context} has no Secret ${SECRET}, so its services have no fault admin port. The overlay production has no faults. In the overlay local, deploy/setup.sh creates the Secret; restart the services afterwards.`,
    );
  const chosen = v
    .parse(podList, JSON.parse(pods))
    .items.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status.phase === "Running" &&
        (wanted === "running" ||
          status.conditions.some(({ type, status }) => type === "Ready" && status === "True")),
    );
  const namesOf = (service: ServiceName): string[] =>
    chosen
      .filter(({ metadata }) => metadata.labels["app.kubernetes.io/name"] === service)
      .map(({ metadata }) => metadata.name)
      .sort();

  const disposer = new AsyncDisposableStack();
  /**
   * Makes the fault admin port of a pod available on this machine. Returns its address, or undefined if the pod no longer
   * exists.
   */
  async function forward(pod: string, port: number): Promise<string | undefined> {
    const args = [...inNamespace, "port-forward", `pod/${pod}`, `:${port}`, "--address=127.0.0.1"];
    const child = execa("kubectl", args, { reject: false, stdin: "ignore", buffer: { stdout: false } });
    disposer.defer(async () => {
      child.kill();
      await child;
    });
    const address = new Promise<string>((resolve) => {
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text = (text + chunk).slice(0, 1000);
        const [, local] = /127\.0\.0\.1:(\d+) ->/.exec(text) ?? [];
        if (local !== undefined) resolve(`http://127.0.0.1:${local}`);
      });
    });
    const timeout = setTimeout(() => child.kill(), FORWARD_MS);
    const first = await Promise.race([address, child]).finally(() => clearTimeout(timeout));
    if (typeof first === "string") return first;
    if (/NotFound|pod is not running/.test(first.stderr)) return undefined;
    throw failure(`Cannot connect to the fault admin port of ${pod}.`, args, first.stderr);
  }

  try {
    const addresses = new Map(
      await Promise.all(
        SERVICE_NAMES.map(async (service) => {
          const { port } = SERVICES[service].ports.faultAdmin;
          const all = await Promise.all(
            namesOf(service).map(async (pod) => ({ pod, address: await forward(pod, port) })),
          );
          return [
            service,
            all.flatMap(({ pod, address }) => (address === undefined ? [] : [{ pod, address }])),
          ] as const;
        }),
      ),
    );
    async function responds(address: string): Promise<boolean> {
      const headers = { authorization: `Bearer ${token}` };
      const signal = AbortSignal.timeout(RESPONSE_MS);
      return fetch(`${address}/faults`, { headers, signal }).then(
        ({ ok }) => ok,
        () => false,
      );
    }
    return {
      faults: {
        addresses: (service) => addresses.get(service)?.map(({ address }) => address) ?? [],
        token: () => token,
        launcher: () => undefined,
        callerKills: true,
        hint: `\`kubectl --context ${context} --namespace ${NAMESPACE} get pods\` shows the state of each pod.`,
      },
      unreachable: async () => {
        const all = await Promise.all(
          [...addresses.values()]
            .flat()
            .map(async ({ pod, address }) => ((await responds(address)) ? [] : [pod])),
        );
        return all.flat();
      },
      deletePods: async (service) => {
        const selector = `--selector=${PART_OF}=${PROJECT},app.kubernetes.io/name=${service}`;
        const grace = `--grace-period=${KILL_GRACE_SECONDS}`;
        const names = await request("delete", "pods", selector, grace, "--wait=false", "--output=name");
        return names.split("\n").filter(Boolean);
      },
      [Symbol.asyncDispose]: () => disposer.disposeAsync(),
    };
  } catch (error) {
    await disposer.disposeAsync();
    throw error;
  }
}
