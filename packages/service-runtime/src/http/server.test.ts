import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { connectionsFor, startHttpServer } from "@lgtm-lab/service-runtime";
import { registry } from "@lgtm-lab/telemetry";
import { Hono } from "hono";
import waitFor from "p-wait-for";

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
    await waitFor(() => isRefused(server.port), { interval: 5, timeout: 5_000 });
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
    await waitFor(served, { interval: 5, timeout: 5_000 });
    await server.drain(never);
  });

  it("allows one connection for each 128 KiB of a memory limit, and any number without one", () => {
    assert.equal(connectionsFor(124 * 2 ** 20), 992);
    for (const none of [0, 2 ** 63, Number.MAX_SAFE_INTEGER]) assert.equal(connectionsFor(none), undefined);
  });
});
