import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { getStatus } from "./get.ts";

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test("returns the status once the whole response has arrived", async (t) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<ServerResponse>();
  const url = await serve(t, ({ url: path }, response) => {
    if (path === "/quick") response.end();
    else response.writeHead(404).write("a", () => begin(response));
  });
  const signal = AbortSignal.timeout(5000);
  let received: number | undefined;
  const slow = getStatus(url, signal).then((status) => {
    received = status;
  });
  const response = await begun;
  assert.equal(await getStatus(`${url}quick`, signal), 200);
  assert.equal(received, undefined, "the other response has begun, but not ended");
  response.end("b");
  await slow;
  assert.equal(received, 404);
});

test("a response that breaks off is an error", async (t) => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { "content-length": 10 });
    response.write("a", () => response.destroy());
  });
  await assert.rejects(getStatus(url, AbortSignal.timeout(5000)), { code: "ECONNRESET" });
});

test("waits no longer than its signal allows", async (t) => {
  const url = await serve(t, () => {});
  await assert.rejects(getStatus(url, AbortSignal.timeout(20)));
});
