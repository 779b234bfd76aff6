import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { freePort } from "../supervisor/ownership.ts";
import { startForward } from "./forward.ts";

const host = "127.0.0.1";

/** Starts a server, and a forward to it, which both end with the test. Returns the port of the forward. */
async function forwardTo(
  t: TestContext,
  serve: (socket: Socket) => void,
  accepts?: (client: string) => boolean,
) {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, host);
  await once(server, "listening");
  t.after(() => server.close());
  return await forwardToPort(t, portOf(server), accepts);
}

async function forwardToPort(t: TestContext, to: number, accepts?: (client: string) => boolean) {
  const port = await freePort();
  const forward = await startForward({ host, port }, { host, port: to }, accepts);
  t.after(forward.close);
  return { port, forward };
}

const LIMIT_MS = 5000;

/** Checks that a connection is reset. */
const assertReset = (client: Socket) =>
  assert.rejects(once(client, "end", { signal: AbortSignal.timeout(LIMIT_MS) }), { code: "ECONNRESET" });

const portOf = (server: Server) => (server.address() as AddressInfo).port;

test("data passes in both directions, also after one side has sent everything", async (t) => {
  const large = "x".repeat(3_000_000);
  const { port } = await forwardTo(t, async (socket) => {
    const received = await text(socket);
    socket.end(`${received.length}${large}`);
  });
  const client = connect({ host, port, allowHalfOpen: true });
  client.end(large);
  assert.equal(await text(client), `3000000${large}`);
});

test("a connection is reset if nothing listens at the target", async (t) => {
  const { port } = await forwardToPort(t, await freePort());
  await assertReset(connect({ host, port }));
});

test("a connection is reset if the target resets it", async (t) => {
  const { port } = await forwardTo(t, (socket) => socket.resetAndDestroy());
  await assertReset(connect({ host, port }));
});

test("a client that is not accepted never reaches the target", async (t) => {
  let reached = 0;
  const seen: string[] = [];
  const { port } = await forwardTo(
    t,
    () => {
      reached += 1;
    },
    (client) => {
      seen.push(client);
      return false;
    },
  );
  await assertReset(connect({ host, port }));
  assert.deepEqual([seen, reached], [["127.0.0.1"], 0]);
});

test("its end ends all connections", async (t) => {
  const { port, forward } = await forwardTo(t, (socket) => {
    socket.on("error", () => {}); // it is reset too
    socket.write("hello");
  });
  const client = connect({ host, port });
  await once(client, "data");
  forward.close();
  await assertReset(client);
  await assert.rejects(once(connect({ host, port }), "connect"), { code: "ECONNREFUSED" });
});

test("an address in use is an error", async (t) => {
  const { port } = await forwardToPort(t, 1);
  await assert.rejects(startForward({ host, port }, { host, port: 1 }), { code: "EADDRINUSE" });
});
