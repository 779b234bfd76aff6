import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { it } from "node:test";
import { startHttpServer } from "@lgtm-lab/kit";
import { Hono } from "hono";

it("a stop answers those whose connections the kernel had taken before it", async () => {
  const app = new Hono().get("/", (c) => c.text("ok"));
  const server = await startHttpServer(app, "127.0.0.1", 0);
  const sockets = Array.from({ length: 20 }, () => connect(server.port, "127.0.0.1"));
  const answers = sockets.map(async (socket) => {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return String((await once(socket, "data"))[0]).split("\r\n")[0];
  });
  // The kernel completes these connections at once; this process does not turn its loop before the stop, and accepts none.
  await new Promise<void>((connected) => process.nextTick(connected));
  const drained = server.drain(AbortSignal.timeout(5_000));
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["HTTP/1.1 200 OK"]));
  await drained;
});
