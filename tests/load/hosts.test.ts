import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { glob, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { INTERNAL_SERVICE_NAMES, SERVICE_NAMES, SERVICES, type ServiceName } from "@lgtm-lab/contracts";
import type { StoredResult } from "@lgtm-lab/load/result";
import { freePort, freePorts, HOST, type Ports, REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import { whyNoHosts } from "../../packages/stack/test/helpers.ts";
import { countLines } from "../e2e/support/loki.ts";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually } from "../e2e/support/within.ts";
import { skipUnlessAll } from "../runner/env.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-hosts");
const LAB = join(REPOSITORY, "packages/stack/src/cli/main.ts");
const MBIT = 40;
const HOST_NAMES = ["client", "gateway", ...INTERNAL_SERVICE_NAMES];
/** Longer than a component may take to stop, because a killed launcher also ends the connections to the backends. */
const CLEANED_MS = 60_000;

/** What `run/hosts.json` has of a host. */
interface Host {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly folders: readonly string[];
}

/** The names of the namespaces, interfaces and cgroups that the lab makes on this machine. */
async function madeByLab(): Promise<string[]> {
  const { stdout: namespaces } = await execa("ip", ["netns", "list"]);
  const { stdout: links } = await execa("ip", ["-o", "link"]);
  const folders = await Array.fromAsync(glob("/sys/fs/cgroup/{,*/}lab-*"));
  const names = [
    ...namespaces.split("\n").map((line) => `namespace ${line.split(" ")[0]}`),
    ...links.split("\n").map((line) => `interface ${line.split(": ")[1]?.split("@")[0]}`),
    ...folders.map((folder) => `cgroup ${folder}`),
  ];
  return names.filter((name) => /[ /]lab-/.test(name)).sort();
}

describe("lab up --hosts", { skip: skipUnlessAll || whyNoHosts() }, () => {
  let ports: Ports;
  let madeBefore: string[];

  const run = (variables: Readonly<Record<string, string>>, ...args: string[]) =>
    execa(process.execPath, [LAB, ...args], {
      env: {
        ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, `${port}`])),
        LAB_STATE: STATE_FOLDER,
        LAB_HOSTS_MBIT: `${MBIT}`,
        LAB_HOSTS_DELAY_MS: "2",
        ...variables,
      },
      stdin: "ignore",
      all: true,
      reject: false,
    });
  /** Runs `lab`, which must succeed. Returns its output. */
  const lab = async (...args: string[]): Promise<string> => {
    const { exitCode, all } = await run({}, ...args);
    assert.equal(exitCode, 0, all);
    return all;
  };
  const readRun = async (file: string) => JSON.parse(await readFile(join(STATE_FOLDER, "run", file), "utf8"));
  const pidOf = async (name: string): Promise<number> =>
    (await readRun(`${name}.component.json`)).process.pid;
  const launcher = async (): Promise<number> => (await readRun("stack.json")).pid;
  const hosts = async (): Promise<Host[]> => (await readRun("hosts.json")).hosts;
  const host = async (name: string): Promise<Host> =>
    (await hosts()).find((each) => each.name === name) ?? assert.fail(name);
  const machineAddress = async (): Promise<string> => (await readRun("hosts.json")).machineAddress;
  const hostOf = (name: ServiceName) => (SERVICES[name].role === "gateway" ? "gateway" : name);
  /** Runs a script of Node in the namespace of a host. */
  const inNamespace = ({ namespace }: Host, script: string) =>
    execa("nsenter", [`--net=/run/netns/${namespace}`, process.execPath, "-e", script], { reject: false });
  /** Returns what a script prints in the namespace of the client. */
  const fromClient = async (script: string) => (await inNamespace(await host("client"), script)).stdout;
  /** Returns the error code of a connection from the client, or `connected`. */
  const connectTo = (address: string, port: number) =>
    fromClient(
      `const socket = require("node:net").connect({ host: "${address}", port: ${port} });
       const end = (result) => { console.log(result); socket.destroy(); };
       socket.on("connect", () => end("connected")).on("error", ({ code }) => end(code));`,
    );
  /** What the lab has made on this machine and not removed. */
  const left = async () => (await madeByLab()).filter((name) => !madeBefore.includes(name));

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    ports = await freePorts();
    madeBefore = await madeByLab();
    const output = await lab("up", "--hosts", "--detach");
    assert.match(output, /Separate hosts: client 10\..* \(.* CPUs, 1024 MB\).*; each with 40 Mbit\/s/);
    const netem = await readFile("/proc/config.gz").then(
      async () => (await execa("zcat", ["/proc/config.gz"])).stdout.match(/^CONFIG_NET_SCH_NETEM=/m) !== null,
      () => true,
    );
    if (!netem) assert.match(output, /skipped: .*netem/);
  });
  after(() => run({}, "down"));

  it("each service has its address in the namespace of its host, and listens nowhere else", async () => {
    const namespaceOf = async (path: string) => (await stat(path)).ino;
    const own = await namespaceOf("/proc/self/ns/net");
    for (const name of SERVICE_NAMES) {
      const { namespace, address } = await host(hostOf(name));
      const used = await namespaceOf(`/proc/${await pidOf(name)}/ns/net`);
      assert.equal(used, await namespaceOf(`/run/netns/${namespace}`), name);
      assert.notEqual(used, own);
      for (const base of [address, HOST]) {
        const { status } = await fetch(`http://${base}:${ports[SERVICES[name].ports.http.variable]}/readyz`);
        assert.equal(status, 200, `${name} at ${base}`);
      }
      const { stdout } = await execa("nsenter", [`--net=/run/netns/${namespace}`, "ss", "-Hltn"]);
      const listening = stdout.split("\n").map((line) => line.split(/\s+/)[3] ?? "");
      assert.ok(listening.length >= 3 && listening.every((each) => each.startsWith(`${address}:`)), stdout);
    }
    assert.deepEqual(
      (await hosts()).map(({ name }) => name),
      HOST_NAMES,
    );
    assert.equal(new Set((await hosts()).map(({ address }) => address)).size, HOST_NAMES.length);
  });

  it("the backends listen on loopback; the hosts reach only those that they need, and nothing outside", async () => {
    const all = new Set(Object.values(ports));
    const { stdout } = await execa("ss", ["-Hltn"]);
    const addresses = stdout
      .split("\n")
      .map((line) => /(\S+):(\d+)$/.exec(line.split(/\s+/)[3] ?? "") ?? [])
      .filter(([, , port]) => all.has(Number(port)))
      .map(([, address]) => address);
    const bridge = await machineAddress();
    assert.deepEqual([...new Set(addresses)].sort(), [bridge, HOST]);
    assert.equal(addresses.filter((address) => address === bridge).length, 3);
    assert.equal(await connectTo(bridge, ports.LOKI_PORT), "connected");
    for (const port of [ports.TEMPO_PORT, ports.ALERTMANAGER_PORT, ports.CONSOLE_PORT])
      assert.equal(await connectTo(bridge, port), "ECONNREFUSED");
    assert.equal(await connectTo("192.0.2.1", 80), "ENETUNREACH"); // an address for documentation (RFC 5737)
  });

  it("a request of the client has a complete trace and log lines, over both protocols", async () => {
    const { address } = await host("gateway");
    for (const { gateway, path, service } of GATEWAY_REQUESTS) {
      const url = `http://${address}:${ports[SERVICES[gateway].ports.http.variable]}${path}`;
      const traceId = await fromClient(
        `fetch("${url}").then(({ headers }) => console.log(headers.get("x-trace-id")))`,
      );
      const tempo = `http://${HOST}:${ports.TEMPO_PORT}`;
      await eventually(`trace ${traceId}`, () => traceOf(tempo, traceId, [gateway, service]));
      const selector = `{service_name=~"${gateway}|${service}"} | trace_id="${traceId}"`;
      const loki = `http://${HOST}:${ports.LOKI_PORT}`;
      await eventually(`log lines of ${traceId}`, async () => (await countLines(loki, selector)) >= 2);
    }
  });

  it("the limits of CPU time and memory are set for the processes of a host", async (t) => {
    const first = await host("client");
    if (first.folders.length === 0) return t.skip("this machine has no cgroups that the lab can use");
    for (const { name, cpus, memoryMb, folders } of await hosts()) {
      // The names of version 2 of cgroups, and those of version 1.
      const limit = async (...files: string[]) => {
        const [found] = folders
          .flatMap((folder) => files.map((file) => join(folder, file)))
          .filter(existsSync);
        return Number.parseInt(
          await readFile(found ?? assert.fail(`${folders} without ${files}`), "utf8"),
          10,
        );
      };
      assert.equal(await limit("cpu.max", "cpu.cfs_quota_us"), Math.round(cpus * 20_000), name);
      assert.equal(await limit("memory.max", "memory.limit_in_bytes"), memoryMb * 2 ** 20, name);
      const services = SERVICE_NAMES.filter((each) => hostOf(each) === name);
      const pids = (await Promise.all(services.map(pidOf))).map(String);
      for (const folder of folders) {
        const members = (await readFile(join(folder, "cgroup.procs"), "utf8")).split("\n");
        assert.ok(
          pids.every((pid) => members.includes(pid)),
          `${folder} has ${members}, not all of ${pids}`,
        );
      }
    }
    const [client = 0, gateway, ...services] = (await hosts()).map(({ cpus }) => cpus);
    assert.equal(gateway, 2 * client);
    assert.ok(services.every((cpus) => cpus === client));
  });

  it("the limit of CPU time is effective", async (t) => {
    const { cpus, folders } = await host("client");
    if (folders.length === 0) return t.skip("this machine has no cgroups that the lab can use");
    const burn =
      "const before = process.cpuUsage(); const end = Date.now() + 2000; while (Date.now() < end);" +
      "const { user, system } = process.cpuUsage(before); console.log((user + system) / 2e6)";
    const enter = folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(" && ");
    const { stdout } = await execa("sh", ["-c", `${enter} && exec "$0" -e "$1"`, process.execPath, burn]);
    const used = Number(stdout);
    console.log(`    ${used.toFixed(2)} of ${cpus} processors`);
    assert.ok(used > 0 && used < cpus * 1.2, `${used} processors were used, ${cpus} are allowed`);
  });

  it("the limit of bandwidth is set on both ends, and effective", async (t) => {
    const { skipped } = await readRun("hosts.json");
    if (skipped.some(({ limit }: { limit: string }) => limit === "bandwidth")) return t.skip("no TBF");
    for (const { namespace } of await hosts()) {
      const { stdout } = await execa("tc", ["-n", namespace, "-json", "qdisc", "show", "dev", "eth0"]);
      const rate = JSON.parse(stdout).find(({ kind }: { kind: string }) => kind === "tbf")?.options.rate;
      assert.equal(rate, (MBIT * 1e6) / 8, stdout); // bytes a second
    }
    const id: string = (await readRun("hosts.json")).id;
    const { stdout: onBridge } = await execa("tc", ["-n", `${id}-switch`, "-json", "qdisc", "show"]);
    assert.equal(onBridge.match(/"kind":"tbf"/g)?.length, HOST_NAMES.length);

    const bytes = 8e6;
    const { address } = await host("gateway");
    const port = await freePort();
    const sender = inNamespace(
      await host("gateway"),
      `require("node:net").createServer((socket) => socket.end(Buffer.alloc(${bytes})))
         .listen(${port}, "${address}", () => console.log("listens"))`,
    );
    let seconds = Number.NaN;
    for await (const line of sender)
      if (line === "listens") {
        const printed = await fromClient(
          `const from = performance.now();
           const socket = require("node:net").connect({ host: "${address}", port: ${port} }).resume();
           socket.on("end", () => console.log((performance.now() - from) / 1000));`,
        );
        seconds = Number(printed);
        sender.kill();
      }
    const mbit = (bytes * 8) / 1e6 / seconds;
    console.log(`    ${mbit.toFixed(1)} of ${MBIT} Mbit/s`);
    assert.ok(mbit > MBIT / 3 && mbit < MBIT * 1.05, `${mbit} Mbit/s`);
  });

  it("status, doctor, logs and faults work as on one machine", async () => {
    assert.match(await lab("status"), /separate hosts: client 10\./);
    await lab("doctor");
    assert.match(await lab("logs", "service-a"), /"service_name":"service-a"/);
    const milliseconds = async () => {
      const start = performance.now();
      await (await fetch(`http://${HOST}:${ports.GATEWAY_PORT}/a/hello?name=Ana`)).text();
      return performance.now() - start;
    };
    await lab("break", "slow-a");
    assert.ok((await milliseconds()) >= 390);
    await lab("fix");
    await eventually("the fault has ended", async () => (await milliseconds()) < 390);
  });

  it("lab load runs k6 on the host of the client, and the report describes the hosts", async () => {
    const output = await lab("load", "--hosts", "--users", "2", "--duration", "2s");
    assert.match(output, /k6 runs on the host of the client \(10\./);
    const [folder = ""] = await readdir(join(STATE_FOLDER, "load"));
    const read = (file: string) => readFile(join(STATE_FOLDER, "load", folder, file), "utf8");
    const result: StoredResult = JSON.parse(await read("result.json"));
    assert.match(result.hosts ?? "", /^client 10\./);
    assert.ok(result.steps.length === 2 && result.steps.every(({ succeeded }) => succeeded > 10));
    assert.match(await read("report.md"), /separate hosts of this machine: client 10\\?\./);
    const series = new URLSearchParams({
      query: `last_over_time(k6_http_reqs_total{testid="${folder}"}[10m])`,
    });
    const found = await fetch(`http://${HOST}:${ports.PROMETHEUS_PORT}/api/v1/query?${series}`);
    assert.ok(
      ((await found.json()) as { data: { result: unknown[] } }).data.result.length > 0,
      "remote write",
    );
  });

  it("after a killed launcher the next start removes its hosts first, and lab down leaves nothing", async () => {
    const before = await hosts();
    process.kill(await launcher(), "SIGKILL");
    const output = await lab("up", "--hosts", "--detach");
    assert.match(output, /The previous launcher was killed\. Stopped its remaining processes: .*service-a/);
    assert.deepEqual(await hosts(), before, "the same names and addresses are free again");
    assert.match(await lab("up", "--hosts"), /The stack is already running/);
    const other = await run({ LAB_HOSTS_MBIT: "50" }, "up", "--hosts");
    assert.match(other.all, /LAB_HOSTS_MBIT, .* do not change a running stack/);
    await lab("down");
    assert.deepEqual(await left(), []);
  });

  for (const [what, signal] of [
    ["Ctrl-C", "SIGINT"],
    ["the end of the guardian of a killed launcher", "SIGKILL"],
  ] as const)
    it(`${what} leaves nothing`, async () => {
      const running = run({}, "up", "--hosts");
      for await (const line of running.iterable({ from: "all" }))
        if (/^Ctrl-C stops/.test(line)) {
          assert.ok((await left()).length > HOST_NAMES.length);
          process.kill(await launcher(), signal);
        }
      await running;
      await eventually("everything is removed", async () => (await left()).length === 0, CLEANED_MS);
    });
});
