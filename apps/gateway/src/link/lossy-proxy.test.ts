import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { lossyProxy } from "./lossy-proxy.ts";

/** Sends requests to a server through a proxy whose random number is given. */
async function through(t: TestContext, random: number) {
  const server = createServer((_request, response) => response.end("echo")).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const settings = { reset_share: 0.3, delay_share: 0.3, delay_ms: 120 };
  const proxy = await lossyProxy({ host: "127.0.0.1", port }, settings, () => random);
  t.after(() => proxy.close());
  const ask = async () =>
    (await fetch(`http://127.0.0.1:${proxy.port}`, { headers: { connection: "close" } })).text();
  return { proxy, ask };
}

test("a connection with the effect reset breaks at its response", async (t) => {
  const { ask } = await through(t, 0.1);
  await assert.rejects(ask(), ({ cause }: Error) => (cause as { code?: string }).code === "ECONNRESET");
});

test("a connection with the effect delay responds late", async (t) => {
  const { ask } = await through(t, 0.5);
  const start = performance.now();
  assert.equal(await ask(), "echo");
  assert.ok(performance.now() - start >= 118);
});

test("all other connections are not affected", async (t) => {
  const { ask } = await through(t, 0.9);
  assert.equal(await ask(), "echo");
});

test("a closed proxy accepts no new connection", async (t) => {
  const { ask, proxy } = await through(t, 0.9);
  proxy.close();
  await assert.rejects(ask(), ({ cause }: Error) => (cause as { code?: string }).code === "ECONNREFUSED");
});
