import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { SERVICE_NAMES, unknownName } from "@lgtm-lab/contracts";
import { endFaults, type FaultAccess, faultAccessOf, listFaults, setFault } from "@lgtm-lab/faults/client";
import { HOST, type RunningStack, readEnvironment } from "@lgtm-lab/stack";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { httpAddressOf } from "../compose/stack.ts";
import { eventually } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { environment } from "../runner/env.ts";
import { CONTEXT } from "./cluster.ts";

/** The kubectl context of the cluster under test: that of cluster.ts, or of the option `--context` of run.ts. */
export const context = (): string => environment.LAB_TEST_CONTEXT ?? CONTEXT;

/** Whether the tests run on the node of the cluster, in its network. */
const isOwnCluster = (): boolean => context() === CONTEXT;

/** For the `skip` option of a test of the node or its network. */
export const skipUnlessOwnCluster =
  !isOwnCluster() && "it needs the cluster that npm run test:kubernetes starts without --context";

/** The arguments of deploy/setup.sh. */
export const setupArguments = (): string[] => [
  "--context",
  context(),
  "--overlay",
  "local",
  "--no-build",
  "--yes",
];

/**
 * Runs kubectl with the test cluster. Returns its output. Never uses another cluster, to which the current context of a
 * person may belong.
 */
export const kubectl = (...args: string[]): Promise<string> =>
  output("kubectl", ["--context", context(), ...args]);

/** The parts of the cluster's objects that tests read. */
interface Named {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
}

export interface Pod extends Named {
  readonly metadata: Named["metadata"] & {
    readonly labels: Readonly<Record<string, string>>;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly lastState?: { readonly terminated?: { readonly reason?: string } };
    }[];
  };
}

interface Service extends Named {
  readonly spec: {
    readonly clusterIP: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly port: number }[];
  };
}

async function list<Item>(...args: string[]): Promise<readonly Item[]> {
  return JSON.parse(await kubectl("get", ...args, "--output=json")).items;
}

const NAMESPACES = ["pspd", "observability", "node-exporter"] as const;

/** Returns the pods of the whole lab, or of one workload. */
export async function podsOf(name?: string): Promise<readonly Pod[]> {
  const selector =
    name === undefined ? "app.kubernetes.io/part-of=lgtm-lab" : `app.kubernetes.io/name=${name}`;
  return list("pods", "--all-namespaces", `--selector=${selector}`);
}

/** Returns whether a pod is ready and was not told to stop. */
export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

/** Returns how often the container of a pod was started again. */
export const restartsOf = ({ status }: Pod): number => status.containerStatuses?.[0]?.restartCount ?? 0;

/** Returns the pod of a workload when it has exactly one and this is ready. */
export const onlyPod = (name: string): Promise<Pod> =>
  eventually(
    `one ready pod of ${name}`,
    async () => {
      const pods = (await podsOf(name)).filter(isReady);
      return pods.length === 1 && pods[0];
    },
    60_000,
  );

/** The Deployment or StatefulSet of a component, as arguments of kubectl. */
function workload(name: string): [workload: string, namespace: string] {
  return name === "traffic" || (SERVICE_NAMES as readonly string[]).includes(name)
    ? [`deployment/${name}`, "--namespace=pspd"]
    : [`statefulset/${name}`, "--namespace=observability"];
}

/** Resolves when the last change of a workload is complete, and the pods that it has stopped are gone. */
export async function untilRolledOut(name: string): Promise<void> {
  await kubectl("rollout", "status", ...workload(name), "--timeout=180s");
  const gone = async () => (await podsOf(name)).every((pod) => pod.metadata.deletionTimestamp === undefined);
  await pWaitFor(gone, { interval: 500, timeout: 90_000 });
}

/** Sets the number of pods, and waits for it. */
export async function scale(name: string, replicas: number): Promise<void> {
  await kubectl("scale", ...workload(name), `--replicas=${replicas}`);
  await untilRolledOut(name);
}

/** Replaces all pods of a workload one by one, as a new image does. */
export async function restart(name: string): Promise<void> {
  await kubectl("rollout", "restart", ...workload(name));
  await untilRolledOut(name);
}

/** Deletes the HorizontalPodAutoscalers, which change the number of pods. deploy/setup.sh restores them. */
export async function deleteAutoscalers(): Promise<void> {
  await kubectl("--namespace=pspd", "delete", "horizontalpodautoscaler", "--all");
}

const services = async (): Promise<readonly Service[]> =>
  (await list<Service>("services", "--all-namespaces")).filter(
    ({ metadata, spec }) =>
      (NAMESPACES as readonly string[]).includes(metadata.namespace) && spec.clusterIP !== "None",
  );

/** Returns `http://<address of the Service>:<its first port>`, or the forwarded port of this machine. */
export async function serviceAddress(name: string): Promise<string> {
  const all = new Map((await services()).map((each) => [each.metadata.name, each]));
  const service = all.get(name);
  if (!service) throw new Error(unknownName("Service", name, [...all.keys()]));
  return `http://${isOwnCluster() ? service.spec.clusterIP : HOST}:${service.spec.ports[0]?.port}`;
}

/** Makes every port of every Service available at 127.0.0.1, where the tests expect the stack. Ends with this process. */
export async function forwardServices(): Promise<void> {
  const all = await services();
  if (isOwnCluster()) await Promise.all(all.map(forwardToService));
  else await forwardToPods(all);
}

/** Each connection goes through the Service, to any of its pods. */
async function forwardToService({ spec }: Service): Promise<void> {
  for (const { port } of spec.ports) {
    const server = createServer((client) => {
      const pod = connect(port, spec.clusterIP);
      const end = () => {
        client.destroy();
        pod.destroy();
      };
      client.on("error", end).on("close", end).pipe(pod);
      pod.on("error", end).on("close", end).pipe(client);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, HOST, resolve);
    });
  }
}

/** The time between two checks whether a forwarded pod still runs. */
const CHECK_MS = 1000;
const FORWARDED_MS = 60_000;

/**
 * From outside of the cluster, `kubectl port-forward` connects to one pod of each Service. It does not notice that the pod
 * is gone, so it is started again with another one.
 */
async function forwardToPods(all: readonly Service[]): Promise<void> {
  const running = new Map<Service, ReturnType<typeof startForward>>();
  const check = async () => {
    const ready = (await podsOf()).filter(isReady);
    for (const service of all) {
      const pods = ready.filter(
        ({ metadata }) =>
          metadata.labels["app.kubernetes.io/name"] === service.spec.selector["app.kubernetes.io/name"],
      );
      const current = running.get(service);
      if (current?.runs() && pods.some(({ metadata }) => metadata.name === current.pod)) continue;
      await current?.stop();
      running.delete(service);
      if (pods[0]) running.set(service, startForward(service, pods[0]));
    }
    return running.size === all.length;
  };
  await pWaitFor(check, { interval: CHECK_MS, timeout: FORWARDED_MS });
  await Promise.all([...running.values()].map(({ started }) => started));
  void (async () => {
    while (true) {
      await delay(CHECK_MS, undefined, { ref: false });
      await check().catch(() => {}); // the next one may succeed
    }
  })();
}

/** Forwards the ports of a Service to one of its pods. `started` rejects if that is not possible. */
function startForward({ spec }: Service, { metadata: { name, namespace } }: Pod) {
  const options = ["--context", context(), `--namespace=${namespace}`, `--address=${HOST}`];
  const ports = spec.ports.map(({ port }) => `${port}`);
  const child = execa("kubectl", [...options, "port-forward", `pod/${name}`, ...ports], {
    buffer: { stdout: false },
    reject: false,
    stdin: "ignore",
  });
  let runs = true;
  const ended = child.then(({ stderr }) => {
    runs = false;
    throw new Error(`Cannot forward the ports of ${name}: ${stderr}`);
  });
  const started = Promise.race([once(child.stdout, "data"), ended]);
  started.catch(() => {}); // awaited at the start only
  child.stdout.resume(); // it prints a line for each connection
  const stop = async () => {
    child.kill();
    await child;
  };
  return { pod: name, started, stop, runs: () => runs };
}

/** Returns the process ids of the containers of a pod. The variable HOSTNAME is the name of the pod. */
export const processesOf = (pod: Pod): Promise<number[]> =>
  processesWith("environ", (variables) => variables.includes(`HOSTNAME=${pod.metadata.name}`));

/** Returns the process id of a program of the node, such as `kubelet`; undefined if it does not run. */
export const programOfNode = async (name: string): Promise<number | undefined> =>
  (await processesWith("cmdline", ([program = ""]) => basename(program) === name))[0];

async function processesWith(
  file: "environ" | "cmdline",
  matches: (texts: readonly string[]) => boolean,
): Promise<number[]> {
  const found: number[] = [];
  for (const id of await readdir("/proc")) {
    if (!/^\d+$/.test(id)) continue;
    const text = await readFile(`/proc/${id}/${file}`, "utf8").catch(() => "");
    if (matches(text.split("\0"))) found.push(Number(id));
  }
  return found;
}

/** Returns for each address (`host:port`) whether a connection from a pod to it is accepted. */
export async function connectFrom(pod: Pod, addresses: readonly string[]): Promise<readonly boolean[]> {
  const [id] = await processesOf(pod);
  const connect = ["node", join(import.meta.dirname, "connect.ts"), ...addresses];
  return JSON.parse(await output("nsenter", ["--net", `--target=${id}`, ...connect]));
}

const notAvailable = (): never => {
  throw new Error("Not available in Kubernetes: the launcher does not run the pods.");
};

/**
 * Returns the stack in the test cluster, with the interface that end-to-end tests use for the native one. Operations
 * that are not possible there throw.
 */
export function kubernetesStack(): RunningStack {
  const { ports } = readEnvironment();
  const access = async (): Promise<FaultAccess> => {
    const key = "--output=go-template={{.data.token | base64decode}}";
    const token = await kubectl("--namespace=pspd", "get", "secret", "fault-admin", key);
    const { addresses } = faultAccessOf({ stateFolder: "", ports });
    return { addresses, token: () => token, launcher: () => undefined };
  };
  return {
    get stateFolder() {
      return notAvailable();
    },
    ports,
    instances: {},
    address: (name) => httpAddressOf(ports, name),
    startComponent: (name) => scale(name, 1),
    stopComponent: (name) => scale(name, 0),
    killComponent: (name) => {
      void podsOf(name).then(async ([pod]) => {
        for (const id of pod ? await processesOf(pod) : []) process.kill(id, "SIGKILL");
      });
    },
    pid: notAvailable,
    record: notAvailable,
    setFault: async (name, options) => setFault(await access(), name, options),
    endFaults: async (name) => endFaults(await access(), name),
    faults: async () => listFaults(await access()),
    down: () => Promise.reject(new Error("Not available in Kubernetes: run.ts removes the stack.")),
  };
}
