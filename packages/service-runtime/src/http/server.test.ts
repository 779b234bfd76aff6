import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import {
  connectionsFor,
  createHttpApp,
  Lifecycle,
  startHealthPort,
  startHttpServer,
} from "@lgtm-lab/service-runtime";
import { registry } from "@lgtm-lab/telemetry";
import { Hono } from "hono";
import pWaitFor from "p-wait-for";

const never = new AbortController().signal;

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

describe("a draining HTTP server", () => {
  it("completes a running request, asks the client to close the connection, and accepts no new one", async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const app = new Hono();
    app.get("/slow", async (c) => {
      arrived.resolve();
      await release.promise;
      return c.text("complete");
    });
    const server = await startHttpServer(app, "127.0.0.1", 0);
    const url = `http://127.0.0.1:${server.port}/slow`;
    const response = fetch(url);
    await arrived.promise;

    const drained = server.drain(never);
    await pWaitFor(() => isRefused(server.port), { interval: 5, timeout: 5_000 });
    release.resolve();
    assert.equal((await response).headers.get("connection"), "close");
    assert.equal(await (await response).text(), "complete");
    await drained;
  });

  it("responds on a connection that was open before, then closes it", async () => {
    const app = new Hono();
    app.get("/", (c) => c.text("ok"));
    const server = await startHttpServer(app, "127.0.0.1", 0);
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    const ask = () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ask();
    assert.match(String((await once(socket, "data"))[0]), /connection: keep-alive/i);

    const drained = server.drain(never);
    ask();
    assert.match(String((await once(socket, "data"))[0]), /200 OK[\s\S]*connection: close/i);
    await drained;
  });

  it("does not wait for a connection without any request, as browsers open them in advance", async () => {
    const server = await startHttpServer(new Hono(), "127.0.0.1", 0);
    const silent = connect(server.port, "127.0.0.1");
    await once(silent, "connect");
    const closed = once(silent, "close");
    silent.resume();
    const closeSignal = AbortSignal.timeout(5_000);
    await server.drain(closeSignal);
    assert.equal(closeSignal.aborted, false, "it waited until connections are closed");
    await closed;
  });

  for (const closeMs of [50, 0])
    it(`closes the connections of running requests after ${closeMs} ms`, async () => {
      const arrived = Promise.withResolvers<void>();
      const app = new Hono();
      app.get("/stuck", () => {
        arrived.resolve();
        return new Promise<Response>(() => {});
      });
      const server = await startHttpServer(app, "127.0.0.1", 0);
      const stuck = assert.rejects(fetch(`http://127.0.0.1:${server.port}/stuck`));
      await arrived.promise;
      await server.drain(closeMs > 0 ? AbortSignal.timeout(closeMs) : AbortSignal.abort());
      await stuck;
    });
});

it("a stop responds on connections that the kernel had accepted before it", async () => {
  const app = new Hono().get("/", (c) => c.text("ok"));
  const server = await startHttpServer(app, "127.0.0.1", 0);
  const sockets = Array.from({ length: 20 }, () => connect(server.port, "127.0.0.1"));
  const responses = sockets.map(async (socket) => {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return String((await once(socket, "data"))[0]).split("\r\n")[0];
  });
  // The kernel accepts these connections at once. Node accepts none of them before the stop, because its event loop
  // does not run.
  await new Promise<void>((connected) => process.nextTick(connected));
  const drained = server.drain(AbortSignal.timeout(5_000));
  assert.deepEqual(new Set(await Promise.all(responses)), new Set(["HTTP/1.1 200 OK"]));
  await drained;
});

describe("a server with too many connections", () => {
  it("closes further connections at once and counts them, and serves the others", async () => {
    const app = new Hono();
    app.get("/", (c) => c.text("ok"));
    const server = await startHttpServer(app, "127.0.0.1", 0, { maxConnections: 1 });
    const refused = async () =>
      (await registry.getSingleMetric("http_server_connections_refused_total")?.get())?.values[0]?.value ?? 0;
    const before = await refused();
    const first = connect(server.port, "127.0.0.1");
    await once(first, "connect");
    const second = connect(server.port, "127.0.0.1");
    second.on("error", () => {});
    await once(second, "close");
    assert.equal((await refused()) - before, 1);
    first.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.match(String((await once(first, "data"))[0]), /^HTTP\/1\.1 200 OK\r\n/);
    first.destroy();
    const served = () =>
      fetch(`http://127.0.0.1:${server.port}/`).then(
        ({ ok }) => ok,
        () => false,
      );
    await pWaitFor(served, { interval: 5, timeout: 5_000 });
    await server.drain(never);
  });

  it("allows one connection for each 128 KiB of a memory limit, and any number without one", () => {
    assert.equal(connectionsFor(124 * 2 ** 20), 992);
    for (const none of [0, 2 ** 63, Number.MAX_SAFE_INTEGER]) assert.equal(connectionsFor(none), undefined);
  });
});

describe("a client that sends slowly", () => {
  const timeouts = { headersMs: 200, requestMs: 400, checkMs: 20 };

  async function start(t: TestContext, limits = timeouts) {
    const app = new Hono();
    app.get("/", (c) => c.text("ok"));
    app.post("/", async (c) => c.text(await c.req.text()));
    app.onError((_, c) => c.text("", 500)); // the client has left
    const server = await startHttpServer(app, "127.0.0.1", 0, { timeouts: limits });
    t.after(() => server.drain(AbortSignal.timeout(100)));
    return server.port;
  }

  /**
   * Opens a connection that sends `bytes`, and then one byte after another. Returns what it received until its end. The
   * kernel discards a response if the client still sends when the server closes the connection.
   */
  async function drip(port: number, bytes: string): Promise<string> {
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    let received = "";
    socket.on("data", (data) => {
      received += data;
    });
    socket.on("error", () => {}); // `once` would reject with it
    if (bytes !== "") socket.write(bytes);
    const timer = setInterval(() => bytes !== "" && socket.writable && socket.write("x"), 10);
    await new Promise((closed) => socket.on("close", closed));
    clearInterval(timer);
    return received;
  }

  for (const [what, bytes, answer] of [
    ["nothing", "", /^HTTP\/1\.1 408 /],
    ["its request line", "GET /", /^(HTTP\/1\.1 408 |$)/],
    ["its headers", "GET / HTTP/1.1\r\nHost: x\r\nx-slow: ", /^(HTTP\/1\.1 408 |$)/],
    ["its content", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", /^(HTTP\/1\.1 408 |$)/],
  ] as const)
    it(`is disconnected while it sends ${what}`, { timeout: 10_000 }, async (t) => {
      const port = await start(t);
      const startedAt = performance.now();
      const received = await drip(port, bytes);
      const ms = performance.now() - startedAt;
      const limitMs = bytes.startsWith("POST") ? timeouts.requestMs : timeouts.headersMs;
      console.log(`    disconnected after ${ms.toFixed(0)} ms, limit ${limitMs} ms`);
      assert.match(received, answer);
      assert.ok(ms >= limitMs && ms < limitMs + 2_000, `${ms}`);
    });

  it("is disconnected soon after the response, if no route reads what it sends", {
    timeout: 10_000,
  }, async (t) => {
    const port = await start(t, { headersMs: 60_000, requestMs: 60_000, checkMs: 60_000 });
    const startedAt = performance.now();
    const received = await drip(port, "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    const ms = performance.now() - startedAt;
    console.log(`    disconnected after ${ms.toFixed(0)} ms`);
    assert.match(received, /^(HTTP\/1\.1 404 |$)/);
    assert.ok(ms < 5_000, `${ms}`);
  });

  it("does not affect other clients, and an idle connection stays open", async (t) => {
    const port = await start(t);
    const idle = connect(port, "127.0.0.1");
    t.after(() => idle.destroy());
    const ask = async () => {
      idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      return String((await once(idle, "data"))[0]);
    };
    assert.match(await ask(), /^HTTP\/1\.1 200 /);
    const slow = Promise.all(Array.from({ length: 20 }, () => drip(port, "GET / HTTP/1.1\r\nx-slow: ")));
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    await slow; // all are disconnected, so the time limit has passed
    assert.match(await ask(), /^HTTP\/1\.1 200 /);
  });
});

it("too many header bytes are answered with 431, however they are divided", async () => {
  const app = new Hono().get("/", (c) => c.text("ok"));
  const server = await startHttpServer(app, "127.0.0.1", 0);
  const base = `http://127.0.0.1:${server.port}/`;
  const status = async (url: string, headers: [string, string][] = []) =>
    (await fetch(url, { headers })).status;
  const many = Array.from({ length: 3_000 }, (_, n): [string, string] => [`x-${n}`, "1"]);
  assert.equal(await status(base, [["x-long", "x".repeat(17_000)]]), 431);
  assert.equal(await status(base, many), 431);
  assert.equal(await status(`${base}?${"x".repeat(17_000)}`), 431);
  assert.equal(await status(base, many.slice(0, 500)), 200);
  await server.drain(AbortSignal.timeout(100));
});

describe("the health port", () => {
  it("answers only health, and closes at a stop; with 0 there is none", async () => {
    const lifecycle = new Lifecycle();
    const free = await startHttpServer(new Hono(), "127.0.0.1", 0);
    await free.drain(never);
    assert.deepEqual(await startHealthPort(createHttpApp({ lifecycle }), 0), []);
    const [server] = await startHealthPort(createHttpApp({ lifecycle }), free.port);
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${free.port}${path}`)).status;
    assert.equal(await statusOf("/healthz"), 200);
    assert.equal(await statusOf("/readyz"), 503, "the service is starting");
    assert.equal(await statusOf("/metrics"), 404);
    await server?.drain(never);
    assert.ok(await isRefused(free.port));
  });
});
