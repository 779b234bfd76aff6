import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type GatewayRoute, type GatewayState, SERVICE_PORTS } from "@lgtm-lab/contracts";
import { MAX_FAULT_MS } from "../settings.ts";
import { endFaults, type FaultAccess, faultAccessOf, listFaults, setFault } from "./client.ts";
import {
  closePendingKills,
  hasPendingKills,
  openPendingKills,
  readPendingKills,
  setPendingKill,
} from "./pending-kills.ts";
import { STACK_FAULTS } from "./stack-faults.ts";
import { makeFaultToken, readFaultToken, removeFaultToken } from "./token.ts";

function temporaryStateFolder(t: TestContext): string {
  const stateFolder = mkdtempSync(join(tmpdir(), "faults-"));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  mkdirSync(join(stateFolder, "run"));
  return stateFolder;
}

/** Returns a stack with a launcher, none of whose services runs: nothing listens on port 1. */
function stoppedStack(t: TestContext): FaultAccess & { stateFolder: string } {
  const stateFolder = temporaryStateFolder(t);
  return {
    stateFolder,
    addresses: () => ["http://127.0.0.1:1"],
    token: () => "",
    launcher: () => stateFolder,
  };
}

test("only its owner can read a token, and each stack has a different one", (t) => {
  const stateFolder = temporaryStateFolder(t);
  const token = makeFaultToken(stateFolder);
  assert.equal(statSync(join(stateFolder, "run/fault-admin-token")).mode & 0o777, 0o600);
  assert.equal(readFaultToken(stateFolder), token);
  assert.notEqual(makeFaultToken(stateFolder), token);
  removeFaultToken(stateFolder);
  assert.equal(readFaultToken(stateFolder), "");
});

test("a kill is pending until its time has passed or its fault is ended", (t) => {
  const stateFolder = temporaryStateFolder(t);
  setPendingKill(stateFolder, "b", Date.now() + 60_000);
  setPendingKill(stateFolder, "a", Date.now() + 60_000);
  assert.deepEqual(Object.keys(readPendingKills(stateFolder)).sort(), ["a", "b"]);
  assert.deepEqual(readPendingKills(stateFolder, Date.now() + 60_001), {});
  setPendingKill(stateFolder, "a", undefined);
  assert.deepEqual(Object.keys(readPendingKills(stateFolder)), ["b"]);
  openPendingKills(stateFolder);
  assert.deepEqual(readPendingKills(stateFolder), {}, "a new stack has no faults");
});

test("a launcher reads the list of kills while its file exists", (t) => {
  const stateFolder = temporaryStateFolder(t);
  assert.ok(!hasPendingKills(stateFolder));
  openPendingKills(stateFolder);
  assert.ok(hasPendingKills(stateFolder));
  closePendingKills(stateFolder);
  assert.ok(!hasPendingKills(stateFolder));
});

test("an unknown fault is rejected, with a suggestion", async (t) => {
  const stack = stoppedStack(t);
  await assert.rejects(
    setFault(stack, "slow-aa"),
    /Unknown fault "slow-aa"\. Available: slow-a, .*Did you mean slow-a\?/,
  );
  await assert.rejects(endFaults(stack, "nonsense"), /Unknown fault "nonsense"/);
});

test("a duration out of bounds is rejected", async (t) => {
  const stack = stoppedStack(t);
  for (const forMs of [0, -1, 1.5, MAX_FAULT_MS + 1])
    await assert.rejects(setFault(stack, "slow-a", { forMs }), /from 1 ms to 60 minutes/);
});

test("a service that is not running cannot be broken, and has no fault", async (t) => {
  const stack = stoppedStack(t);
  await assert.rejects(
    setFault(stack, "slow-a"),
    /No service listens at the fault admin port of service-a \(http:\/\/127\.0\.0\.1:1\).*lab status/,
  );
  await assert.rejects(setFault(stack, "crash-b"), /No service listens/);
  assert.deepEqual(
    readPendingKills(stack.stateFolder),
    {},
    "no component is killed for a fault that was not set",
  );
  const all = await listFaults(stack);
  assert.deepEqual(
    all.map(({ until }) => until),
    STACK_FAULTS.map(() => undefined),
  );
  assert.match(
    all[0]?.unavailableReason ?? "",
    /no service listens at the fault admin port of service-a \(http:/,
  );
  assert.deepEqual(await endFaults(stack), []);
});

test("without a launcher, a fault that needs it is rejected", async (t) => {
  const stack = { ...stoppedStack(t), launcher: () => undefined };
  await assert.rejects(
    setFault(stack, "crash-b"),
    /^LabError: crash-b needs the launcher .*`docker compose stop service-b`.*`npx lab break crash-b --context <name>`/,
  );
});

test("the access to a stack of this machine uses its ports, its current token and its state folder", (t) => {
  const stateFolder = temporaryStateFolder(t);
  const access = faultAccessOf({ stateFolder, ports: { ...SERVICE_PORTS, FAULT_ADMIN_A_PORT: 19_902 } });
  assert.deepEqual(access.addresses("service-a"), ["http://127.0.0.1:19902"]);
  assert.deepEqual(access.addresses("gateway"), [
    `http://127.0.0.1:${SERVICE_PORTS.FAULT_ADMIN_GATEWAY_PORT}`,
  ]);
  assert.equal(access.launcher(), stateFolder);
  assert.equal(access.token(), "");
  const token = makeFaultToken(stateFolder);
  assert.equal(access.token(), token, "the token of a stack that started later");
});

/** A fault admin port that records what was set, and the `Host` of each request. At a gateway it has a state. */
async function adminPort(t: TestContext, host = "127.0.0.1") {
  const faults = new Map<string, string>();
  const hosts: string[] = [];
  const gateway: { state: GatewayState | undefined } = { state: undefined };
  const server = createServer(async (request, response) => {
    hosts.push(request.headers.host ?? "");
    if (request.url === "/gateway" && gateway.state) {
      response.end(JSON.stringify(gateway.state));
      return;
    }
    const name = request.url?.split("/")[2];
    if (request.method === "PUT" && name) faults.set(name, new Date(Date.now() + 60_000).toISOString());
    if (request.method === "DELETE" && name) faults.delete(name);
    response.end(JSON.stringify(STACK_FAULTS.map(({ name }) => ({ name, until: faults.get(name) ?? null }))));
  });
  server.listen(0, host);
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, port, faults, hosts, gateway };
}

/** Returns access to a stack with three instances of each service. */
async function scaledStack(t: TestContext) {
  const stateFolder = temporaryStateFolder(t);
  const ports = [await adminPort(t), await adminPort(t), await adminPort(t)] as const;
  const access: FaultAccess = {
    addresses: (service) =>
      service.startsWith("gateway") ? [ports[0].address] : ports.map((each) => each.address),
    token: () => "",
    launcher: () => stateFolder,
  };
  const status = async (name: string) => (await listFaults(access)).find(({ fault }) => fault.name === name);
  return { stateFolder, ports, access, status };
}

test("a fault is set in every instance of its service, or in one of them", async (t) => {
  const { ports, access, status } = await scaledStack(t);
  await setFault(access, "slow-a");
  assert.deepEqual(
    ports.map(({ faults }) => faults.has("slow-a")),
    [true, true, true],
  );
  assert.equal((await status("slow-a"))?.instances, undefined, "all of them");
  assert.deepEqual(await endFaults(access, "slow-a"), ["slow-a"]);
  assert.equal((await status("slow-a"))?.until, undefined);

  await setFault(access, "slow-a", { instance: 2 });
  assert.deepEqual(
    ports.map(({ faults }) => faults.has("slow-a")),
    [false, true, false],
  );
  assert.deepEqual((await status("slow-a"))?.instances, [2]);
  assert.ok((await status("slow-a"))?.until);
  assert.deepEqual(await endFaults(access), ["slow-a"]);
});

test("the launcher kills every instance, or one of them", async (t) => {
  const { stateFolder, access, status } = await scaledStack(t);
  await setFault(access, "crash-b", { instance: 3 });
  assert.deepEqual(Object.keys(readPendingKills(stateFolder)), ["service-b-3"]);
  assert.deepEqual((await status("crash-b"))?.instances, [3]);
  await endFaults(access, "crash-b");
  assert.deepEqual(readPendingKills(stateFolder), {});
  await setFault(access, "crash-b");
  assert.deepEqual(Object.keys(readPendingKills(stateFolder)).sort(), [
    "service-b",
    "service-b-2",
    "service-b-3",
  ]);
});

for (const [name, instance, why] of [
  ["slow-a", 4, /--instance 4 is not valid: service-a has the instances 1 to 3/],
  ["slow-a", 0, /--instance 0 is not valid/],
  ["crash-b", 9, /service-b has the instances 1 to 3/],
  [
    "slow-gateway",
    1,
    /a fault of gateway and gateway-rest, which have one instance each: leave out --instance/,
  ],
] as const)
  test(`instance ${instance} of ${name} is rejected`, async (t) => {
    const { access, ports } = await scaledStack(t);
    await assert.rejects(setFault(access, name, { instance }), why);
    assert.equal(
      ports.some(({ faults }) => faults.size > 0),
      false,
    );
  });

test("one instance of a service that has no others is rejected, with the command that starts more", async (t) => {
  const stack = stoppedStack(t);
  await assert.rejects(
    setFault(stack, "slow-a", { instance: 2 }),
    /one instance.*lab up --scale service-a=3/,
  );
});

test("a fault is set in the running instances, if one is down", async (t) => {
  const { ports, access, status } = await scaledStack(t);
  const partly = {
    ...access,
    addresses: () => [ports[0].address, "http://127.0.0.1:1", ports[2].address],
  };
  await setFault(partly, "slow-a");
  assert.equal(ports[2].faults.has("slow-a"), true);
  await assert.rejects(setFault(partly, "slow-a", { instance: 2 }), /No service listens/);
  assert.equal((await status("slow-a"))?.unavailableReason, undefined);
});

test("a name with several addresses is several instances, which get its name as Host", async (t) => {
  const { address, port, hosts } = await adminPort(t, "0.0.0.0");
  t.mock.method(dns, "lookup", async () => [{ address: "127.0.0.2" }, { address: "127.0.0.1" }]);
  const access: FaultAccess = {
    addresses: () => [address.replace("127.0.0.1", "service-a")],
    token: () => "",
    launcher: () => undefined,
  };
  await setFault(access, "slow-a", { instance: 2 });
  assert.deepEqual(hosts, [`service-a:${port}`]);
  await setFault(access, "slow-a");
  assert.equal(hosts.length, 3);
});

/** The state of a gateway with these instances of A, and this route to it. */
const stateOf = (
  instances: number,
  balancing: string,
  route: Partial<GatewayRoute> = {},
  { tls = false } = {},
): GatewayState => ({
  protocol: "grpc",
  upstreams: [
    {
      name: "service-a",
      balancing,
      instances: Array.from({ length: instances }, (_, index) => ({
        address: `10.0.0.${index + 1}:50051`,
        breaker: null,
        ejected: null,
        active_calls: 0,
        latency_ms: null,
      })),
      tls,
    },
  ],
  routes: [
    {
      path: "/a/hello",
      methods: ["GET"],
      upstream: "service-a",
      timeout_ms: 2000,
      adds_stream_time: false,
      retries: null,
      limits: { running: 1, waiting: 1 },
      stream_limits: null,
      rate_limit: null,
      cache_ms: null,
      fallback: false,
      scope: null,
      ...route,
    },
  ],
});

for (const [name, off, on, what] of [
  ["slow-a-one", stateOf(1, "least-time"), stateOf(3, "least-time"), /--scale service-a=3/],
  ["slow-a-one", stateOf(3, "round-robin"), stateOf(3, "random-two"), /SERVICE_A_BALANCING=least-time/],
  ["flaky-a", stateOf(1, "round-robin"), stateOf(1, "round-robin", { retries: 2 }), /UPSTREAM_RETRIES=2/],
  ["token-storm", stateOf(1, "round-robin"), stateOf(1, "round-robin", { scope: "hello" }), /lab up --auth/],
  ["expired-cert", stateOf(1, "round-robin"), stateOf(1, "round-robin", {}, { tls: true }), /lab up --tls/],
] as const)
  test(`${name} can be set only while the gateways have the mechanism ${what.source}`, async (t) => {
    const { ports, access, status } = await scaledStack(t);
    ports[0].gateway.state = off;
    await assert.rejects(setFault(access, name), (error: Error) => {
      assert.match(error.message, what);
      assert.match(error.message, /which gateway and gateway-rest do not have/);
      return true;
    });
    assert.match((await status(name))?.unavailableReason ?? "", what);
    assert.equal(
      ports.some(({ faults }) => faults.size > 0),
      false,
    );
    ports[0].gateway.state = on;
    assert.equal((await status(name))?.unavailableReason, undefined);
    await setFault(access, name);
    assert.ok((await status(name))?.until);
  });

test("a fault of one instance is set in the last one, or in the chosen one", async (t) => {
  const { ports, access, status } = await scaledStack(t);
  ports[0].gateway.state = stateOf(3, "least-time");
  await setFault(access, "slow-a-one");
  assert.deepEqual((await status("slow-a-one"))?.instances, [3]);
  await endFaults(access, "slow-a-one");
  await setFault(access, "slow-a-one", { instance: 2 });
  assert.deepEqual((await status("slow-a-one"))?.instances, [2]);
});

test("a fault that needs a mechanism cannot be set while no gateway responds", async (t) => {
  await assert.rejects(
    setFault(stoppedStack(t), "flaky-a"),
    /flaky-a cannot be set: no service listens at the fault admin port of gateway/,
  );
});
