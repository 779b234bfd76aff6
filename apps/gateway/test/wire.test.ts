import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ServiceAService, ServiceBService } from "@lgtm-lab/contracts/proto";
import {
  createHttpApp,
  get,
  helloRoute,
  Lifecycle,
  numbersRoute,
  openCall,
  startHttpServer,
  type Upstream,
} from "@lgtm-lab/kit";
import { startGrpcServer } from "@lgtm-lab/kit/grpc-server";
import { recordingProxy } from "../../../packages/stack/test/recording-proxy.ts";
import type { Backend } from "../src/backend/backend.ts";
import { grpcBackend } from "../src/backend/grpc.ts";
import { restBackend } from "../src/backend/rest.ts";
import { SharedConnection } from "../src/wire/shared-connection.ts";
import { countingProxy } from "./counting-proxy.ts";
import { setVariable } from "./env.ts";

const never = new AbortController().signal;
const lifecycle = new Lifecycle();

async function* count(upTo: number, delayMs: number) {
  for (let value = 1; value <= upTo; value += 1) {
    if (value > 1 && delayMs > 0) await setTimeout(delayMs);
    yield value;
  }
}

/** Services as small as can be, each behind a proxy that counts, and the backend that asks them. */
async function through(t: TestContext, protocol: "grpc" | "rest") {
  const servers = protocol === "grpc" ? await grpcServers() : await restServers();
  const [a, b] = [await countingProxy(t, servers[0].port), await countingProxy(t, servers[1].port)];
  const backend: Backend =
    protocol === "grpc"
      ? grpcBackend(`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`)
      : restBackend(`http://127.0.0.1:${a.port}`, `http://127.0.0.1:${b.port}`);
  t.after(async () => {
    backend.close();
    await Promise.all(servers.map((server) => server.drain(AbortSignal.timeout(100))));
  });
  const measured = async (ask: (call: ReturnType<typeof openCall>) => Promise<unknown>) => {
    using call = openCall({ budgetMs: 5000, client: never, cutOff: never });
    await ask(call);
    assert.ok(call.upstream, "the call was measured");
    return call.upstream;
  };
  const hello = (name: string) => measured((call) => backend.greet({ name }, call));
  const numbers = (upTo: number, delay_ms: number) =>
    measured((call) => Array.fromAsync(backend.stream({ count: upTo, delay_ms }, call)));
  return { a, b, hello, numbers };
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

const sum = (all: readonly Upstream[], what: "sent" | "received") =>
  all.reduce((total, upstream) => total + upstream[what], 0);

for (const protocol of ["grpc", "rest"] as const) {
  test(`${protocol}: a call alone is told every byte that passed between the two`, async (t) => {
    const { a, b, hello, numbers } = await through(t, protocol);
    await hello("first"); // opens the connection, whose own settings are nobody's
    await numbers(1, 0);
    for (const [proxy, ask] of [
      [a, () => hello("Ana")],
      [a, () => hello("x".repeat(200))],
      [b, () => numbers(3, 20)],
      [b, () => numbers(500, 0)],
    ] as const) {
      await setTimeout(50); // what the connection itself still had to say has passed
      const before = { ...proxy.carried };
      const { sent, received, ms, protocol: told } = await ask();
      assert.equal(told, protocol);
      assert.ok(ms > 0);
      assert.deepEqual(
        { sent, received },
        { sent: proxy.carried.sent - before.sent, received: proxy.carried.received - before.received },
      );
    }
  });

  test(`${protocol}: calls at the same time are told, together, no byte more than passed`, async (t) => {
    const { b, numbers } = await through(t, protocol);
    await numbers(1, 0);
    await setTimeout(50);
    const before = { ...b.carried };
    const all = await Promise.all([numbers(10, 11), numbers(5, 23), numbers(20, 0), numbers(3, 60)]);
    assert.equal(sum(all, "received"), b.carried.received - before.received);
    const sent = b.carried.sent - before.sent;
    assert.ok(sum(all, "sent") <= sent && sum(all, "sent") > 0.9 * sent, `${sum(all, "sent")} of ${sent}`);
  });
}

test("gRPC: a stream that lasts is not told what the calls beside it carry", async (t) => {
  const { numbers } = await through(t, "grpc");
  await numbers(1, 0);
  const alone = await numbers(5, 30);
  const [beside] = await Promise.all([numbers(5, 30), setTimeout(45).then(() => numbers(100, 0))]);
  assert.ok(Math.abs(beside.received - alone.received) <= 60, `${beside.received} and ${alone.received}`);
  assert.ok(Math.abs(beside.sent - alone.sent) <= 10, `${beside.sent} and ${alone.sent}`); // deadlines are told in digits
});

test("gRPC: a service that was killed is asked again, and told of, when it is back", async (t) => {
  const server = await grpcServers();
  const { port } = server[0];
  const backend = grpcBackend(`127.0.0.1:${port}`, `127.0.0.1:${server[1].port}`);
  const ask = async () => {
    using call = openCall({ budgetMs: 1000, client: never, cutOff: never });
    await backend.greet({ name: "Ana" }, call);
    return call.upstream;
  };
  const { received } = (await ask()) ?? {};
  await Promise.all(server.map((each) => each.drain(AbortSignal.abort())));
  await assert.rejects(ask(), { kind: "backend-down" });
  const again = await grpcServers(port);
  t.after(async () => {
    backend.close();
    await Promise.all(again.map((each) => each.drain(AbortSignal.timeout(100))));
  });
  const start = performance.now();
  let upstream: Upstream | undefined;
  while (!upstream && performance.now() - start < 5000) upstream = await ask().catch(() => undefined);
  assert.ok(Math.abs((upstream?.received ?? 0) - (received ?? 0)) < 40, `${upstream?.received}, ${received}`);
});

test("a connection that is replaced starts anew, and what it carries between calls is nobody's", () => {
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
  test(`${variable} is not used for A and B, whatever their addresses`, async (t) => {
    const proxy = await recordingProxy();
    t.after(proxy.close);
    setVariable(t, variable, `http://127.0.0.1:${proxy.port}`);
    const { hello, numbers } = await through(t, "grpc");
    await hello("Ana");
    await numbers(2, 0);
    const elsewhere = grpcBackend("service-a:50051", "service-b.lab.svc.cluster.local:50052");
    t.after(() => elsewhere.close());
    await elsewhere.probe();
    assert.deepEqual(proxy.requests, []);
  });
