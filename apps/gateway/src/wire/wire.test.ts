import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Protocol } from "@lgtm-lab/contracts";
import { ServiceAService, ServiceBService } from "@lgtm-lab/contracts/proto";
import {
  createHttpApp,
  get,
  helloRoute,
  Lifecycle,
  numbersRoute,
  openCall,
  startHttpServer,
  type UpstreamCost,
} from "@lgtm-lab/service-runtime";
import { startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import { recordingProxy } from "../../../../packages/stack/test/recording-proxy.ts";
import { setVariable } from "../../test/env.ts";
import { grpcProtocol } from "../services/grpc.ts";
import { restProtocol } from "../services/rest.ts";
import { joinClients, type ServiceClients } from "../services/service-clients.ts";
import { SharedConnection } from "./grpc-bytes.ts";

const never = new AbortController().signal;
const [grpc, rest] = [grpcProtocol(), restProtocol()];
const grpcClients = (a: string, b: string) => joinClients(grpc.greeting(a), grpc.numbers(b));
const restClients = (a: string, b: string) => joinClients(rest.greeting(a), rest.numbers(b));
const lifecycle = new Lifecycle();

async function* count(upTo: number, delayMs: number) {
  for (let value = 1; value <= upTo; value += 1) {
    if (value > 1 && delayMs > 0) await setTimeout(delayMs);
    yield value;
  }
}

/** Starts a TCP proxy that counts the forwarded bytes, independently of the code under test. */
async function countingProxy(t: TestContext, target: number) {
  const carried = { sent: 0, received: 0 };
  const server = createServer((client) => {
    const upstream = connect({ host: "127.0.0.1", port: target, noDelay: true });
    client.setNoDelay(true);
    client.on("data", (chunk) => {
      carried.sent += chunk.length;
    });
    upstream.on("data", (chunk) => {
      carried.received += chunk.length;
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream])
      socket.on("error", () => {
        client.destroy();
        upstream.destroy();
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, carried };
}

/** Waits until no byte has passed for 50 ms: the remaining frames of earlier calls have passed. */
async function untilQuiet({ carried }: { readonly carried: { sent: number; received: number } }) {
  for (let before = -1; before !== carried.sent + carried.received; await setTimeout(50))
    before = carried.sent + carried.received;
}

/** Minimal services behind counting proxies, and clients that call them. */
async function through(t: TestContext, protocol: Protocol) {
  const servers = protocol === "grpc" ? await grpcServers() : await restServers();
  const [a, b] = [await countingProxy(t, servers[0].port), await countingProxy(t, servers[1].port)];
  const services: ServiceClients =
    protocol === "grpc"
      ? grpcClients(`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`)
      : restClients(`http://127.0.0.1:${a.port}`, `http://127.0.0.1:${b.port}`);
  t.after(async () => {
    services.close();
    await Promise.all(servers.map((server) => server.drain(AbortSignal.timeout(100))));
  });
  const measured = async (
    makeRequest: (call: ReturnType<typeof openCall>) => Promise<unknown>,
    budgetMs = 5000,
  ) => {
    using call = openCall({ budgetMs, client: never, shutdownSignal: never });
    await makeRequest(call);
    assert.ok(call.upstreamCost, "the call was measured");
    return call.upstreamCost;
  };
  const hello = (name: string) => measured((call) => services.greet({ name }, call));
  const numbers = (upTo: number, delay_ms: number) =>
    measured((call) => Array.fromAsync(services.stream({ count: upTo, delay_ms }, call)));
  const collect = (upTo: number, delay_ms: number, budgetMs: number) =>
    measured((call) => services.collect?.({ count: upTo, delay_ms }, call) ?? Promise.reject(), budgetMs);
  return { a, b, hello, numbers, collect };
}

async function grpcServers(portA = 0) {
  const host = "127.0.0.1";
  const sayHello = (
    { request }: { request: { name: string } },
    reply: (e: null, m: { message: string }) => void,
  ) => reply(null, { message: `Olá, ${request.name}!` });
  async function streamNumbers(call: {
    request: { count: number; delayMs: number };
    write: (message: { value: number }) => void;
    end: () => void;
  }) {
    for await (const value of count(call.request.count, call.request.delayMs)) call.write({ value });
    call.end();
  }
  return [
    await startGrpcServer({
      name: "pspd.ServiceA",
      definition: ServiceAService,
      implementation: { sayHello },
      host,
      port: portA,
    }),
    await startGrpcServer({
      name: "pspd.ServiceB",
      definition: ServiceBService,
      implementation: { streamNumbers },
      host,
      port: 0,
    }),
  ] as const;
}

async function restServers() {
  const app = createHttpApp({ lifecycle });
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, ({ name }) => `Olá, ${name}!`),
  );
  get(
    app,
    "/b/numbers",
    numbersRoute(lifecycle, { stream: ({ count: upTo, delay_ms }) => count(upTo, delay_ms) }),
  );
  return [await startHttpServer(app, "127.0.0.1", 0), await startHttpServer(app, "127.0.0.1", 0)] as const;
}

const sum = (all: readonly UpstreamCost[], what: "sent" | "received") =>
  all.reduce((total, cost) => total + cost[what], 0);

for (const protocol of ["grpc", "rest"] as const) {
  test(`${protocol}: a single call counts every byte between gateway and service`, async (t) => {
    const { a, b, hello, numbers } = await through(t, protocol);
    await hello("first"); // opens the connection; its settings count for no call
    await numbers(1, 0);
    for (const [proxy, request] of [
      [a, () => hello("Ana")],
      [a, () => hello("x".repeat(200))],
      [b, () => numbers(3, 20)],
      [b, () => numbers(500, 0)],
    ] as const) {
      await untilQuiet(proxy);
      const before = { ...proxy.carried };
      const { sent, received, ms, protocol: reported } = await request();
      assert.equal(reported, protocol);
      assert.ok(ms > 0);
      assert.deepEqual(
        { sent, received },
        { sent: proxy.carried.sent - before.sent, received: proxy.carried.received - before.received },
      );
    }
  });

  test(`${protocol}: concurrent calls count together no more bytes than passed`, async (t) => {
    const { b, numbers } = await through(t, protocol);
    await numbers(1, 0);
    await untilQuiet(b);
    const before = { ...b.carried };
    const all = await Promise.all([numbers(10, 11), numbers(5, 23), numbers(20, 0), numbers(3, 60)]);
    assert.equal(sum(all, "received"), b.carried.received - before.received);
    const sent = b.carried.sent - before.sent;
    assert.ok(sum(all, "sent") <= sent && sum(all, "sent") > 0.9 * sent, `${sum(all, "sent")} of ${sent}`);
  });
}

test("gRPC: collected values count their bytes, also after a collection that failed", async (t) => {
  const { b, numbers, collect } = await through(t, "grpc");
  await numbers(1, 0);
  await assert.rejects(collect(100, 20, 60), { kind: "backend-too-slow" });
  await untilQuiet(b);
  const before = { ...b.carried };
  const later = () => collect(5, 3, 5000);
  const all = await Promise.all([collect(10, 10, 5000), setTimeout(30).then(later)]);
  assert.equal(sum(all, "received"), b.carried.received - before.received);
  const sent = b.carried.sent - before.sent;
  assert.ok(sum(all, "sent") <= sent && sum(all, "sent") > 0.9 * sent, `${sum(all, "sent")} of ${sent}`);
});

test("gRPC: a long stream does not count the bytes of other calls", async (t) => {
  const { numbers } = await through(t, "grpc");
  await numbers(1, 0);
  const alone = await numbers(5, 30);
  const [beside] = await Promise.all([numbers(5, 30), setTimeout(45).then(() => numbers(100, 0))]);
  assert.ok(Math.abs(beside.received - alone.received) <= 60, `${beside.received} and ${alone.received}`);
  // Deadlines differ in their number of digits.
  assert.ok(Math.abs(beside.sent - alone.sent) <= 10, `${beside.sent} and ${alone.sent}`);
});

test("gRPC: calls to a restarted service succeed and are measured", async (t) => {
  const server = await grpcServers();
  const { port } = server[0];
  const services = grpcClients(`127.0.0.1:${port}`, `127.0.0.1:${server[1].port}`);
  const request = async () => {
    using call = openCall({ budgetMs: 1000, client: never, shutdownSignal: never });
    await services.greet({ name: "Ana" }, call);
    return call.upstreamCost;
  };
  const { received } = (await request()) ?? {};
  await Promise.all(server.map((each) => each.drain(AbortSignal.abort())));
  await assert.rejects(request(), { kind: "backend-down" });
  const again = await grpcServers(port);
  t.after(async () => {
    services.close();
    await Promise.all(again.map((each) => each.drain(AbortSignal.timeout(100))));
  });
  const start = performance.now();
  let cost: UpstreamCost | undefined;
  while (!cost && performance.now() - start < 5000) cost = await request().catch(() => undefined);
  assert.ok(Math.abs((cost?.received ?? 0) - (received ?? 0)) < 40, `${cost?.received}, ${received}`);
});

test("a new socket starts at its own counters; bytes between calls count for no call", () => {
  const connection = new SharedConnection();
  const first = { bytesRead: 1000, bytesWritten: 1000 };
  const early = connection.begin("grpc");
  connection.use(first); // the socket is there only after the call has begun
  Object.assign(first, { bytesRead: 1070, bytesWritten: 1100 });
  connection.end(early);
  assert.deepEqual([early.sent, early.received], [100, 70]);
  Object.assign(first, { bytesRead: 1087, bytesWritten: 1117 }); // a ping
  const next = connection.begin("grpc");
  connection.use({ bytesRead: 5, bytesWritten: 50 });
  connection.end(next);
  assert.deepEqual([next.sent, next.received], [0, 0]);
});

for (const variable of ["http_proxy", "https_proxy", "grpc_proxy"])
  test(`${variable} is not used for A and B, regardless of their addresses`, async (t) => {
    const proxy = await recordingProxy();
    t.after(proxy.close);
    setVariable(t, variable, `http://127.0.0.1:${proxy.port}`);
    const { hello, numbers } = await through(t, "grpc");
    await hello("Ana");
    await numbers(2, 0);
    const elsewhere = grpcClients("service-a:50051", "service-b.lab.svc.cluster.local:50052");
    t.after(() => elsewhere.close());
    await elsewhere.probe();
    assert.deepEqual(proxy.requests, []);
  });
