import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolder, whyNoHosts } from "../../test/helpers.ts";
import { CLIENT_HOST } from "../components/component.ts";
import { services, traffic } from "../components/services.ts";
import { readEnvironment } from "../env.ts";
import {
  addressesOf,
  createSeparateHosts,
  describeHosts,
  onHost,
  planSeparateHosts,
  removeSeparateHosts,
} from "./hosts.ts";
import { findHierarchies, limitFiles } from "./limits.ts";
import {
  assertHostsPossible,
  bandwidthCommands,
  commandOn,
  delayCommands,
  networkCommands,
} from "./network.ts";
import { planHosts } from "./plan.ts";

const LINK = { mbit: 100, delayMs: 0.5, lossPercent: 0 };
const plan = (machine: Partial<Parameters<typeof planHosts>[2]> = {}, link = LINK) =>
  planHosts("/state", link, { cpus: 2, destinations: [], ...machine });
/** Separate hosts with one cgroup each. */
const created = (skipped: Parameters<typeof describeHosts>[0]["skipped"] = []) => {
  const { hosts, ...rest } = plan();
  return { ...rest, hosts: hosts.map((host) => ({ ...host, folders: [`/cg/${host.namespace}`] })), skipped };
};

describe("the plan of the separate hosts", () => {
  it("divides this machine's CPU time 1:2:1:1 among the hosts of the original lab", () => {
    const { hosts } = plan();
    const [client] = hosts;
    assert.deepEqual(
      hosts.slice(0, 4).map(({ name, address, cpus, memoryMb }) => {
        return [name, address, cpus / (client?.cpus ?? 0), memoryMb];
      }),
      [
        ["client", "10.199.0.2", 1, 1024],
        ["gateway", "10.199.0.3", 2, 2048],
        ["service-a", "10.199.0.4", 1, 1024],
        ["service-b", "10.199.0.5", 1, 1024],
      ],
    );
    const sum = hosts.reduce((total, { cpus }) => total + cpus, 0);
    assert.ok(Math.abs(sum - 2) < 0.01, `${sum} of 2 processors`);
    const large = plan({ cpus: 64 }).hosts.slice(0, 4);
    const sizes = large.map(({ cpus }) => cpus);
    assert.deepEqual(sizes, [1, 2, 1, 1], "no more than the virtual machines had");
  });

  it("has a host for each service, and one for the demo traffic", () => {
    const names = plan().hosts.map(({ name }) => name);
    for (const { name, host } of [...services, traffic(1)]) assert.ok(names.includes(host ?? ""), name);
  });

  for (const [destinations, address] of [
    [["172.17.0.0/16", "192.168.1.0/24"], "10.199.0.1"],
    [["10.199.0.0/24"], "10.199.1.1"],
    [["10.199.0.17"], "10.199.1.1"],
    [["10.0.0.0/8"], "172.30.190.1"],
    [["10.0.0.0/8", "172.16.0.0/12"], "192.168.190.1"],
    [["0.0.0.0/1", "128.0.0.0/1", "10.8.0.0/24"], "10.199.0.1"],
  ] as const)
    it(`uses ${address} if there are routes to ${destinations.join(", ")}`, () => {
      assert.equal(plan({ destinations }).machineAddress, address);
    });

  it("fails if all ranges are in use", () => {
    const destinations = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    assert.throws(() => plan({ destinations }), {
      name: "LabError",
      message: /routes to all private ranges/,
    });
  });

  it("has names that depend on the state folder, and an interface name that Linux accepts", () => {
    const { id, hosts } = plan();
    assert.match(id, /^lab-[0-9a-f]{6}$/);
    assert.ok(hosts.every(({ namespace, name }) => namespace === `${id}-${name}`));
    const machine = { cpus: 2, destinations: [] };
    assert.notEqual(planHosts("/other", LINK, machine).id, id);
  });
});

describe("the network", () => {
  const lines = (commands: readonly (readonly string[])[]) => commands.map((command) => command.join(" "));
  const { id } = plan();

  it("gives each host one address and no route to anything else", () => {
    const commands = lines(networkCommands(plan()));
    for (const { namespace, address } of plan().hosts)
      assert.ok(commands.includes(`ip -n ${namespace} address add ${address}/24 dev eth0`), address);
    assert.ok(commands.includes(`ip address add 10.199.0.1/24 dev ${id}`));
    assert.ok(commands.every((command) => !command.includes(" route ")));
    const bridge = commands.filter((command) => command.includes("type bridge"));
    assert.deepEqual(bridge, [`ip -n ${id}-switch link add bridge type bridge`], "not on this machine");
  });

  it("limits what a host sends and what it receives", () => {
    const limit = "root handle 1: tbf rate 100mbit burst 131072 latency 50ms";
    assert.deepEqual(lines(bandwidthCommands(plan())).slice(0, 2), [
      `tc -n ${id}-client qdisc add dev eth0 ${limit}`,
      `tc -n ${id}-switch qdisc add dev host1 ${limit}`,
    ]);
    assert.match(lines(bandwidthCommands(plan({}, { ...LINK, mbit: 1000 })))[0] ?? "", /burst 500000 /);
  });

  it("delays and drops what a host sends if delay or loss is set", () => {
    const netem = `tc -n ${id}-client qdisc add dev eth0 parent 1:1 handle 10: netem`;
    assert.equal(lines(delayCommands(plan()))[0], `${netem} delay 500us loss 0%`);
    const loss = lines(delayCommands(plan({}, { ...LINK, delayMs: 0, lossPercent: 1.5 })));
    assert.deepEqual([loss.length, loss[0]], [plan().hosts.length, `${netem} delay 0us loss 1.5%`]);
    assert.deepEqual(delayCommands(plan({}, { ...LINK, delayMs: 0 })), []);
  });
});

describe("the limits of a host", () => {
  const V1 = ["cgroup /cg/cpu cgroup rw,cpu,cpuacct 0 0", "cgroup /cg/memory cgroup rw,memory 0 0"];
  const V2 = "cgroup2 /cg/unified cgroup2 rw,relatime 0 0";

  for (const [what, mounts, controllers, expected] of [
    ["cgroup version 1", V1, [], { cpu: [1, "/cg/cpu"], memory: [1, "/cg/memory"] }],
    ["cgroup version 2", [V2], ["cpu", "memory"], { cpu: [2, "/cg/unified"], memory: [2, "/cg/unified"] }],
    ["both cgroup versions", [V2, V1[0]], ["memory"], { cpu: [1, "/cg/cpu"], memory: [2, "/cg/unified"] }],
    ["no cgroups", ["tmpfs /tmp tmpfs rw 0 0"], [], {}],
  ] as const)
    it(`finds the hierarchies with ${what}`, () => {
      const found = findHierarchies(mounts.join("\n"), () => controllers);
      const entries = Object.entries(found).map(([name, { version, folder }]) => [name, [version, folder]]);
      assert.deepEqual(Object.fromEntries(entries), expected);
    });

  it("are written in the form of each version", () => {
    const host = { cpus: 0.4, memoryMb: 1024 };
    assert.deepEqual(limitFiles("cpu", 2, host), [["cpu.max", "8000 20000"]]);
    assert.deepEqual(limitFiles("cpu", 1, host), [
      ["cpu.cfs_period_us", "20000"],
      ["cpu.cfs_quota_us", "8000"],
    ]);
    assert.deepEqual(limitFiles("memory", 2, host), [["memory.max", "1073741824"]]);
    assert.deepEqual(limitFiles("memory", 1, host), [["memory.limit_in_bytes", "1073741824"]]);
  });
});

describe("a program on a host", () => {
  it("enters the cgroups and then the namespace, in one process", () => {
    const { file, args } = commandOn({ namespace: "lab-1-a", folders: ["/cg/a b"] }, "/bin/x", ["1", "'"]);
    assert.equal(file, "sh");
    assert.deepEqual(args, [
      "-c",
      `echo $$ > '/cg/a b/cgroup.procs' && exec "$0" "$@"`,
      "nsenter",
      "--net=/run/netns/lab-1-a",
      "/bin/x",
      "1",
      "'",
    ]);
  });

  it("uses no proxy for the addresses of the network", () => {
    const command = { file: "x", args: [], env: { http_proxy: "http://proxy:3128", no_proxy: "corp" } };
    const entries = onHost(created(), CLIENT_HOST, command).env.no_proxy?.split(",") ?? [];
    for (const entry of ["corp", "127.0.0.1", "10.199.0.1", "10.199.0.3"]) assert.ok(entries.includes(entry));
    assert.deepEqual(onHost(created(), CLIENT_HOST, { ...command, env: {} }).env, {});
  });
});

it("the description lists every limit, and what is skipped with the reason", () => {
  assert.match(
    describeHosts(created()),
    /^client 10\.199\.0\.2 \([\d.]+ CPUs, 1024 MB\), gateway .*; each with 100 Mbit\/s in each direction, 0\.5 ms delay$/,
  );
  const skipped = (["cpu", "memory", "delay"] as const).map((limit) => ({ limit, text: `${limit} (why)` }));
  assert.match(
    describeHosts(created(skipped)),
    /^client 10\.199\.0\.2, gateway 10\.199\.0\.3, .*; each with 100 Mbit\/s in each direction; skipped: cpu \(why\), memory \(why\), delay \(why\)$/,
  );
});

describe("--hosts", () => {
  for (const [machine, message] of [
    [{ platform: "darwin" }, /^--hosts needs Linux/],
    [{ user: 1000 }, /^--hosts needs root, .*\n {2}fix: .*sudo .*npx lab/],
    [{ path: "/nowhere" }, /^--hosts needs ip, tc, nsenter, .*\n.*apt-get install iproute2 util-linux$/],
  ] as const)
    it(`is rejected with the fix: ${JSON.stringify(machine)}`, () => {
      const defaults = { platform: "linux", user: 0, path: "/nowhere" } as const;
      assert.throws(() => assertHostsPossible({ ...defaults, ...machine }), { name: "LabError", message });
    });

  it("gives the components on the hosts the addresses of the network", () => {
    const { ports } = readEnvironment({});
    const hosts = addressesOf(plan());
    const context = {
      ports,
      hosts,
      root: "/",
      stateFolder: "/s",
      data: "/d",
      faultToken: "t",
      program: "/n",
    };
    const envOf = (name: string, more = {}) =>
      [...services, traffic(1)]
        .find((each) => each.name === name)
        ?.env?.({ ...context, ...more, sloProfile: "demo" }) ?? {};
    const a = envOf("service-a");
    assert.deepEqual([a.HOST, a.FAULT_ADMIN_HOST], ["10.199.0.4", "10.199.0.4"]);
    assert.deepEqual(
      [a.OTEL_EXPORTER_OTLP_ENDPOINT, a.LOKI_URL],
      ["http://10.199.0.1:4317", "http://10.199.0.1:3100"],
    );
    const gateway = envOf("gateway-rest", { tokenIssuer: "http://127.0.0.1:8000" });
    assert.deepEqual(
      [gateway.HOST, gateway.SERVICE_A_GRPC, gateway.SERVICE_B_REST, gateway.AUTH_JWKS_URL],
      [
        "10.199.0.3",
        "10.199.0.4:50051",
        "http://10.199.0.5:50062",
        "http://10.199.0.1:8000/.well-known/jwks.json",
      ],
    );
    assert.equal(envOf("traffic").GATEWAY_REST_URL, "http://10.199.0.3:8081");
    const withoutHosts = envOf("gateway", { hosts: undefined, tokenIssuer: "http://127.0.0.1:8000" });
    assert.deepEqual(
      [
        withoutHosts.HOST,
        withoutHosts.FAULT_ADMIN_HOST,
        withoutHosts.SERVICE_A_GRPC,
        withoutHosts.AUTH_JWKS_URL,
      ],
      ["127.0.0.1", undefined, "127.0.0.1:50051", undefined],
    );
  });
});

it("the hosts are created and removed completely, with what runs on them", {
  skip: whyNoHosts(),
}, async (t) => {
  const stateFolder = temporaryFolder();
  t.after(() => removeSeparateHosts(stateFolder));
  const hosts = await createSeparateHosts(await planSeparateHosts(stateFolder, LINK));
  const client = hosts.hosts.find(({ name }) => name === CLIENT_HOST) ?? assert.fail();
  const script = "ip -4 -brief address show dev eth0; cat /proc/self/cgroup; exec sleep 60";
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  const { file, args } = onHost(hosts, CLIENT_HOST, { file: "sh", args: ["-c", script], env });
  const running = spawn(file, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(running, "exit");
  let output = "";
  for await (const chunk of running.stdout) {
    output += chunk;
    if (/^0::/m.test(output) || output.split("\n").length > 4) break;
  }
  assert.match(output, new RegExp(`^eth0@.* ${client.address}/24`));
  for (const folder of client.folders) assert.ok(output.includes(basename(folder)), output);

  await removeSeparateHosts(stateFolder);
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  const createdPaths = [
    `/sys/class/net/${hosts.id}`,
    ...hosts.hosts.flatMap(({ namespace, folders }) => [`/run/netns/${namespace}`, ...folders]),
  ];
  assert.deepEqual(
    createdPaths.filter((path) => existsSync(path)),
    [],
  );
  await removeSeparateHosts(stateFolder); // again, as after a stop that was interrupted
});
