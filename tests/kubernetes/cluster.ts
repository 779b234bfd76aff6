import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { canRun, output } from "../runner/commands.ts";
import { environment } from "../runner/env.ts";
import { printProgress, withProgress } from "../runner/phases.ts";

/** The kubectl context of this cluster. */
export const CONTEXT = "lgtm-lab-test";
/** The logs of the programs of the last run. */
export const LOGS = join(REPOSITORY, ".lab/test-kubernetes-logs");

/** isolate.sh and cluster.yaml have the address too. */
export const NODE = { name: "node-1", address: "10.250.0.1" } as const;
const API = `https://${NODE.address}:6443`;
/** The name of the node cannot be resolved. */
const KUBELET_BY_ADDRESS = "--kubelet-preferred-address-types=InternalIP";
const ETCD = "http://127.0.0.1:2379";
const POD_NETWORK = "10.244.0.0/24";
/** isolate.sh has it too. */
const SERVICE_NETWORK = "10.96.0.0/16";
/** cluster.yaml has it too. */
const DNS = "10.96.0.10";
/** cluster.yaml has it too. */
const METRICS_PORT = 4443;
const VOLUMES = 8;
const START_MS = 120_000;
/** The time after which a program of the node is started again. systemd's default is 0.1 s. */
const RESTART_MS = 100;
const POLL_MS = 250;

/**
 * The users of the API, and their groups. The API server has built-in permissions for those whose names begin with
 * `system:`.
 */
const USERS = {
  admin: ["admin", "system:masters"],
  kubelet: [`system:node:${NODE.name}`, "system:nodes"],
  "kube-controller-manager": ["system:kube-controller-manager"],
  "kube-scheduler": ["system:kube-scheduler"],
  "kube-proxy": ["system:kube-proxy"],
} as const;

/** The images that the test cluster itself needs. cluster.yaml has the last two too. */
export const PAUSE_IMAGE = "lgtm-lab-test/pause:1";
export const COREDNS_IMAGE = "lgtm-lab-test/coredns:1";
export const TRAEFIK_IMAGE = "lgtm-lab-test/traefik:1";

/**
 * Starts a cluster of one node from the programs in `bin`, with the images of an archive, and waits until it is ready.
 * All files are in `folder`. Its processes run until the namespace in which this process runs ends (isolate.sh).
 * @returns the path of the administrator's kubeconfig.
 */
export async function startCluster(folder: string, bin: string, images: string): Promise<string> {
  await mkdir(join(folder, "cluster/logs"), { recursive: true });
  const at = (name: string) => join(folder, "cluster", name);
  const tokens = newTokens();
  await writeConfiguration(at, tokens);
  const start = processes(folder, bin);
  const config = (user: string) => `--kubeconfig=${at(`${user}.kubeconfig`)}`;

  start("containerd", `--config=${at("containerd.toml")}`);
  start(
    "etcd",
    `--data-dir=${at("etcd")}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
  );
  await start.until("etcd responds", async () => (await fetch(`${ETCD}/health`)).ok);
  start(
    "kube-apiserver",
    `--etcd-servers=${ETCD}`,
    `--advertise-address=${NODE.address}`,
    `--cert-dir=${at("certificates")}`,
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${at("service-account.pem")}`,
    `--service-account-signing-key-file=${at("service-account.pem")}`,
    `--token-auth-file=${at("tokens.csv")}`,
    "--authorization-mode=Node,RBAC",
    KUBELET_BY_ADDRESS,
    // For the API of metrics-server.
    `--requestheader-client-ca-file=${at("proxy.crt")}`,
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${at("proxy.crt")}`,
    `--proxy-client-key-file=${at("proxy.key")}`,
  );
  // Imported meanwhile: it needs the disk, and the API server needs the CPU.
  const imported = withProgress("loading the images", () =>
    start
      .until("containerd responds", () => canRun("ctr", "version"))
      .then(() => output("ctr", ["--namespace=k8s.io", "images", "import", images])),
  );
  imported.catch(() => {}); // awaited below
  const kubectl = (...args: string[]) =>
    output(join(bin, "kubectl"), [config("admin"), ...args], { input: "" });
  await start.until("the API server is ready", async () => {
    await writeKubeconfigs(at, tokens);
    return (await kubectl("get", "--raw", "/readyz")) === "ok";
  });
  const root = at("certificates/apiserver.crt");
  start(
    "kube-controller-manager",
    config("kube-controller-manager"),
    "--leader-elect=false",
    "--use-service-account-credentials",
    `--service-account-private-key-file=${at("service-account.pem")}`,
    `--root-ca-file=${root}`,
    `--flex-volume-plugin-dir=${at("plugins")}`,
  );
  start("kube-scheduler", config("kube-scheduler"), "--leader-elect=false");
  await imported;
  start(
    "kubelet",
    config("kubelet"),
    `--config=${at("kubelet.json")}`,
    `--hostname-override=${NODE.name}`,
    `--node-ip=${NODE.address}`,
  );
  start("kube-proxy", `--config=${at("kube-proxy.json")}`);
  start(
    "metrics-server",
    config("admin"),
    ...["authentication", "authorization"].map((use) => `--${use}-kubeconfig=${at("admin.kubeconfig")}`),
    "--kubelet-insecure-tls",
    KUBELET_BY_ADDRESS,
    "--metric-resolution=15s",
    `--secure-port=${METRICS_PORT}`,
    `--cert-dir=${at("metrics")}`,
  );
  await start.until("the node is ready", () => ready(kubectl, `node/${NODE.name}`, "Ready"));
  await writeFile(at("volumes.json"), JSON.stringify(await volumes()));
  await kubectl(
    "apply",
    `--filename=${at("volumes.json")}`,
    `--filename=${join(import.meta.dirname, "cluster.yaml")}`,
  );
  // Only its firewall, for NetworkPolicies: kube-proxy and the network plugin do the rest.
  start(
    "kube-router",
    config("admin"),
    `--hostname-override=${NODE.name}`,
    "--run-firewall",
    "--run-router=false",
    "--run-service-proxy=false",
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
  );
  await start.until("DNS is ready", () =>
    ready(kubectl, "deployment/coredns", "Available", "--namespace=kube-system"),
  );
  await start.until("the Ingress controller is ready", () =>
    ready(kubectl, "deployment/traefik", "Available", "--namespace=traefik"),
  );
  start.restartOnExit();
  return at("admin.kubeconfig");
}

type Kubectl = (...args: string[]) => Promise<string>;

async function ready(kubectl: Kubectl, object: string, condition: string, ...options: string[]) {
  const path = `-o=jsonpath={.status.conditions[?(@.type=="${condition}")].status}`;
  return (await kubectl("get", object, path, ...options)) === "True";
}

/**
 * Starts programs, and waits for conditions that can only become true while all of them run. After `restartOnExit` was
 * called, a program that has ended is started again, as the service manager of a node does.
 */
function processes(folder: string, bin: string) {
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {}); // reported by `until`
  let restarts = false;
  const start = (name: string, ...args: string[]): void => {
    const log = join(folder, "cluster/logs", name);
    const own = !name.startsWith("containerd");
    const child = execa(own ? join(bin, name) : name, args, {
      env: { PATH: environment.PATH ?? "", HOME: folder },
      extendEnv: false, // not the proxies of this machine
      stdin: "ignore",
      stdout: { file: log, append: true },
      stderr: { file: log, append: true },
      reject: false,
    });
    void child.then(async ({ exitCode, signal }) => {
      if (restarts) {
        printProgress(`${name} ended (${signal ?? exitCode}), and is started again`);
        setTimeout(start, RESTART_MS, name, ...args);
        return;
      }
      const lines = (await readFile(log, "utf8")).trimEnd().split("\n").slice(-15);
      ended.reject(
        new Error(`${name} ended (${signal ?? exitCode}); last lines of its log:\n${lines.join("\n")}`),
      );
    });
  };
  start.until = async (what: string, probe: () => Promise<boolean>): Promise<void> => {
    let last: unknown;
    const look = () =>
      probe().catch((error: unknown) => {
        last = error;
        return false;
      });
    const found = pWaitFor(look, { interval: POLL_MS, timeout: START_MS }).catch((cause) => {
      throw new Error(
        `Timed out after ${START_MS / 1000} s waiting until ${what} (logs: ${LOGS}). ${last ?? ""}`,
        { cause },
      );
    });
    await Promise.race([found, ended.promise]);
    printProgress(what);
  };
  start.restartOnExit = () => {
    restarts = true;
  };
  return start;
}

type User = keyof typeof USERS;
type Tokens = ReadonlyMap<User, string>;

const newTokens = (): Tokens =>
  new Map((Object.keys(USERS) as User[]).map((name) => [name, randomBytes(16).toString("hex")]));

async function writeConfiguration(at: (name: string) => string, tokens: Tokens): Promise<void> {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const users = [...tokens].map(([name, token]) => {
    const [user, ...groups] = USERS[name];
    return `${token},${user},${name},"${groups.join(",")}"`;
  });
  const write = (name: string, content: string | object) =>
    writeFile(at(name), typeof content === "string" ? content : JSON.stringify(content, undefined, 2), {
      mode: 0o600,
    });
  await write("service-account.pem", privateKey);
  // The API server shows this certificate to metrics-server, which gets the CA for it from the API server.
  const files = ["-keyout", at("proxy.key"), "-out", at("proxy.crt")];
  await output("openssl", [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=api-server",
    ...files,
  ]);
  await write("tokens.csv", users.join("\n"));
  await write("kubelet.json", {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: NODE.address,
    // Only the namespace of this node can reach it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    // Also on machines with cgroup v1, where the cgroups of QoS classes cannot be nested here.
    failCgroupV1: false,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    clusterDomain: "cluster.local",
    clusterDNS: [DNS],
    resolvConf: "",
    volumePluginDir: at("plugins"),
    // The images are not pulled, so none may be removed; and the disk belongs to this machine.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi" },
  });
  await write("kube-proxy.json", {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: at("kube-proxy.kubeconfig") },
    hostnameOverride: NODE.name,
    mode: "nftables",
    clusterCIDR: POD_NETWORK,
    // These limits belong to this machine.
    conntrack: { maxPerCore: 0, min: 0 },
  });
  // Each pod has its own link to the node, so that replies of a Service pass the node too.
  await mkdir(at("cni"));
  await write("cni/pods.conflist", {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipam: { type: "host-local", ranges: [[{ subnet: POD_NETWORK }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
    ],
  });
  await write(
    "containerd.toml",
    `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${CNI_PLUGINS}"
  conf_dir = "${at("cni")}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${at("opt")}"
`,
  );
}

/** Debian's folder of containernetworking-plugins. */
export const CNI_PLUGINS = "/usr/lib/cni";

/** Writes a kubeconfig for each user, with the certificate that the API server has made for itself. */
async function writeKubeconfigs(at: (name: string) => string, tokens: Tokens): Promise<void> {
  const certificate = (await readFile(at("certificates/apiserver.crt"))).toString("base64");
  for (const [name, token] of tokens)
    await writeFile(
      at(`${name}.kubeconfig`),
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": CONTEXT,
        clusters: [{ name: CONTEXT, cluster: { server: API, "certificate-authority-data": certificate } }],
        users: [{ name, user: { token } }],
        contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: name } }],
      }),
      { mode: 0o600 },
    );
}

/** Volumes of the class of cluster.yaml, with their folders. */
async function volumes(): Promise<object> {
  const items = Array.from({ length: VOLUMES }, (_, index) => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `local-${index}` },
    spec: {
      capacity: { storage: "5Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: "local",
      local: { path: `/var/lib/volumes/${index}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [NODE.name] }] },
          ],
        },
      },
    },
  }));
  for (const { spec } of items) await mkdir(spec.local.path, { recursive: true });
  return { apiVersion: "v1", kind: "List", items };
}
