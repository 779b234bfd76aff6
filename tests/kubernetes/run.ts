import { existsSync } from "node:fs";
import { cp, glob, mkdir, mkdtemp, readFile, rm, rmdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  clusterPrograms,
  ensureBinaries,
  k6Program,
  prometheusForKubernetes,
  resolveTool,
} from "@lgtm-lab/stack";
import pWaitFor from "p-wait-for";
import { install, startEngine } from "../compose/engine.ts";
import { canRun, output, run, runEach, runTests, unlessInterrupted } from "../runner/commands.ts";
import { environment, setEnvironment } from "../runner/env.ts";
import { Phases, parsePhases, printProgress, runCommand } from "../runner/phases.ts";
import { CNI_PLUGINS, LOGS, startCluster } from "./cluster.ts";
import { writeImages } from "./images.ts";
import { context, forwardServices, kubectl, scale, setupArguments } from "./stack.ts";

/**
 * `npm run test:kubernetes` installs deploy/kubernetes into a real cluster of one node by deploy/setup.sh, and tests it.
 * The programs of the cluster are built once. The cluster runs in separate namespaces of the kernel (isolate.sh), and so
 * do the tests, which this program runs there with `--inside`. However the tests end, the cluster ends with its
 * namespaces. `-- e2e` runs one group of tests. `-- --keep` only installs, and runs until Ctrl-C. `-- --context <name>`
 * runs the tests in another cluster, in which deploy/setup.sh has installed the overlay `local`.
 */
const TESTS: Record<string, () => Promise<unknown>> = {
  // There is one exemplar per bucket, so the test of a new one must be the only traffic.
  e2e: async () => {
    await scale("traffic", 0);
    try {
      await runTests("tests/e2e/{10,20,30,40}-*.test.ts", { shared: true });
    } finally {
      await scale("traffic", 1);
    }
  },
  fault: () => runTests("tests/compose/20-fault.test.ts", { shared: true }),
  cluster: () => runTests("tests/kubernetes/[0-9]*.test.ts", { shared: true }),
};

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: {
      inside: { type: "string" },
      keep: { type: "boolean", default: false },
      context: { type: "string" },
    },
    allowPositionals: true,
  });
  const names = parsePhases(positionals, Object.keys(TESTS));
  const { inside: folder, keep, context: named } = values;
  if (named !== undefined) return inCluster(named, names);
  await (folder === undefined ? outside(names, keep) : inside(folder, names, keep));
});

/** Prepares everything that needs the network of this machine, then starts the cluster and its tests. */
async function outside(names: readonly string[], keep: boolean): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new Error("A cluster needs Linux and root: run this as root, or in a virtual machine.");
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-cluster-"));
  const phases = new Phases();
  let outcome = "FAILED";
  let before: Leftovers | undefined;
  try {
    await phases.run("programs", () => obtainPrograms(join(folder, "bin")));
    await phases.run("images", async () => {
      const stopEngine = await startEngine({ keep: false });
      try {
        const skipped = await writeImages(join(folder, "images.tar"));
        setEnvironment({ LAB_TEST_SKIPPED: skipped.join(",") });
      } finally {
        await stopEngine();
      }
    });
    before = await findLeftovers(folder);
    const namespaces = ["--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"];
    const self = [
      "node",
      "tests/kubernetes/run.ts",
      "--inside",
      folder,
      ...(keep ? ["--keep"] : []),
      ...names,
    ];
    await phases.run("in the cluster", () =>
      run("unshare", [...namespaces, "tests/kubernetes/isolate.sh", folder, ...self], {
        // It ends if this process is killed.
        stdio: ["pipe", "inherit", "inherit"],
        // The namespaces have no way to a proxy.
        env: { http_proxy: undefined, https_proxy: undefined, HTTP_PROXY: undefined, HTTPS_PROXY: undefined },
        // `unshare` ignores other signals. Process 1 is killed with it, and everything in the namespaces with process 1.
        killSignal: "SIGKILL",
      }),
    );
    outcome = "All passed";
  } finally {
    await phases
      .run("clean", () => clean(folder, before))
      .catch((error: Error) => {
        outcome = "FAILED";
        console.error(error.message);
      });
    phases.report(outcome);
  }
  if (outcome === "FAILED")
    throw new Error(
      "The cluster left something on this machine (listed above). Remove it, or restart the machine.",
    );
}

/** Starts the cluster in these namespaces, installs deploy/kubernetes, runs the tests, and removes everything. */
async function inside(folder: string, names: readonly string[], keep: boolean): Promise<void> {
  process.stdin.on("end", () => process.exit(1)).resume();
  const bin = join(folder, "bin");
  const phases = new Phases();
  let outcome = "FAILED";
  setEnvironment({ PATH: `${bin}:${environment.PATH}`, LAB_TEST_STACK: "kubernetes" });
  try {
    await phases.run("start", async () => {
      const KUBECONFIG = await startCluster(folder, bin, join(folder, "images.tar"));
      setEnvironment({ KUBECONFIG });
    });
    await phases.run("setup.sh", () => run("deploy/setup.sh", setupArguments()));
    await forwardServices();
    if (keep) await untilInterrupted(folder);
    await runEach([
      ...names.map((name) => () => phases.run(name, async () => TESTS[name]?.())),
      () => phases.run("teardown.sh", teardown),
    ]);
    outcome = "All passed";
  } finally {
    phases.report(outcome);
  }
}

/**
 * Runs the tests in a running cluster. Afterwards, deploy/setup.sh restores the installation, also after an interrupt. Only
 * for the overlay `local` without --registry and --tls, because the tests change these settings.
 */
async function inCluster(name: string, names: readonly string[]): Promise<void> {
  setEnvironment({ LAB_TEST_STACK: "kubernetes", LAB_TEST_CONTEXT: name });
  const annotation = "--output=jsonpath={.metadata.annotations.lgtm-lab/options}";
  const installed = await kubectl("get", "namespace", "pspd", "--ignore-not-found", annotation);
  if (!installed)
    throw new Error(`The lab is not installed there: run deploy/setup.sh --context ${name} first.`);
  const options = installed.split(" ");
  if (
    options[options.indexOf("--overlay") + 1] !== "local" ||
    options.includes("--tls") ||
    options.includes("--registry")
  )
    throw new Error(
      `These tests change the installation, so they need the overlay local without --tls and --registry. There: ${installed}.`,
    );
  const phases = new Phases();
  let outcome = "FAILED";
  try {
    try {
      await forwardServices();
      await runEach(names.map((each) => () => phases.run(each, async () => TESTS[each]?.())));
    } finally {
      // A test that was interrupted may have turned TLS on.
      await phases.run("setup.sh", () => run("deploy/setup.sh", [...setupArguments(), "--no-tls"]));
    }
    outcome = "All passed";
  } finally {
    phases.report(outcome);
  }
}

/** Runs until Ctrl-C, so that a person can use the cluster. */
async function untilInterrupted(folder: string): Promise<void> {
  const shell = `nsenter --mount --net --pid --target $(pgrep --full --newest 'isolate.sh ${folder}')`;
  printProgress(
    `The cluster runs until Ctrl-C. To open a shell in its namespaces, run the following; then set PATH=${folder}/bin:$PATH and KUBECONFIG=${folder}/cluster/admin.kubeconfig:\n${shell}`,
  );
  await unlessInterrupted("the cluster", new Promise<never>(() => {}));
}

async function teardown(): Promise<void> {
  await run("deploy/teardown.sh", ["--context", context(), "--yes"]);
  const left = await kubectl(
    "get",
    "all,pvc,ingress,networkpolicy",
    "-A",
    "-o=name",
    "-l=app.kubernetes.io/part-of",
  );
  if (left) throw new Error(`Not removed by teardown.sh:\n${left}`);
}

/** Installs what comes from Debian, builds the rest, and links the programs into a folder by their names. */
async function obtainPrograms(bin: string): Promise<void> {
  const debian: readonly [name: string, there: boolean][] = [
    ["containerd", await canRun("containerd", "--version")],
    ["runc", await canRun("runc", "--version")],
    ["containernetworking-plugins", existsSync(join(CNI_PLUGINS, "ptp"))],
    ["nftables", await canRun("nft", "--version")],
    ["iptables", await canRun("iptables", "--version")],
    ["ipset", await canRun("ipset", "--version")],
    ["iproute2", await canRun("ip", "-Version")],
    ["openssl", await canRun("openssl", "version")],
  ];
  for (const [name, there] of debian) if (!there) await install(name, `install the package ${name}`);
  await ensureBinaries(printProgress, {
    only: [],
    extra: { ...clusterPrograms, prometheus: prometheusForKubernetes, k6: k6Program },
  });
  await mkdir(bin);
  for (const name of ["etcd", "kube-router"] as const)
    await symlink(await resolveTool(name, clusterPrograms[name]), join(bin, name));
  const kubernetes = await resolveTool("kubernetes", clusterPrograms.kubernetes);
  for (const name of ["apiserver", "controller-manager", "proxy", "scheduler"])
    await symlink(kubernetes, join(bin, `kube-${name}`));
  for (const name of ["kubelet", "kubectl", "metrics-server"]) await symlink(kubernetes, join(bin, name));
}

/** What a cluster could leave on this machine. */
type Leftovers = Readonly<Record<string, readonly string[]>>;

async function findLeftovers(folder: string): Promise<Leftovers> {
  const linesOf = async (file: string, ...args: string[]) => (await output(file, args)).split("\n");
  return {
    processes: await processesWith(folder),
    mounts: (await readFile("/proc/mounts", "utf8")).split("\n"),
    interfaces: (await linesOf("ip", "-brief", "link")).map((line) => line.split(/[ @]/)[0] ?? ""),
    "nftables rules": await linesOf("nft", "--stateless", "list", "ruleset"),
    cgroups: await containerCgroups(),
  };
}

/** The cgroups of containers that containerd has started for Kubernetes; also those of another cluster. */
async function containerCgroups(): Promise<string[]> {
  return Array.fromAsync(glob("/sys/fs/cgroup/{,*/}k8s.io{,/*}"));
}

/** Returns the command lines of the processes that mention a path. */
async function processesWith(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob("/proc/[0-9]*/cmdline")) {
    const command = (await readFile(file, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
    if (command.includes(path)) found.push(command);
  }
  return found;
}

/** Removes the files of the cluster, and the cgroups of pods that were killed. Throws if anything else is left. */
async function clean(folder: string, before: Leftovers | undefined): Promise<void> {
  try {
    if (!before) return;
    const ended = async () => {
      const groups = (await containerCgroups()).filter((group) => !before.cgroups?.includes(group));
      // The longest path first: a group must be empty. It is busy as long as its processes are being killed.
      for (const group of groups.toSorted((a, b) => b.length - a.length)) await rmdir(group).catch(() => {});
      return groups.length === 0 && (await processesWith(folder)).length === 0;
    };
    await pWaitFor(ended, { interval: 200, timeout: 20_000 }).catch(() => {}); // reported below
    const after = await findLeftovers(folder);
    const left = Object.entries(after).flatMap(([what, items]) =>
      items.filter((item) => !before[what]?.includes(item)).map((item) => `${what}: ${item}`),
    );
    if (left.length > 0) throw new Error(`Left on this machine by the cluster:\n${left.join("\n")}`);
    printProgress(`nothing is left of it: no ${Object.keys(after).join(", ")}`);
  } finally {
    // Of a failed start, the logs are needed.
    const logs = join(folder, "cluster/logs");
    if (existsSync(logs)) await cp(logs, LOGS, { recursive: true });
    await rm(folder, { recursive: true, force: true });
  }
}
