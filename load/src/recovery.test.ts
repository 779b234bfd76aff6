import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { recovery } from "./recovery.ts";

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("the recovery ends with the first success that is fast", async (t) => {
  const methods: (string | undefined)[] = [];
  const gateway = await serve(t, ({ method }, response) => {
    methods.push(method);
    response.statusCode = methods.length === 1 ? 503 : 200;
    if (methods.length === 2) setTimeout(() => response.end(), 250);
    else response.end();
  });
  const seconds = await recovery({ gateway }, Date.now() - 2_000, 10_000);
  assert.deepEqual(methods, ["HEAD", "HEAD", "HEAD"]);
  assert.ok(seconds && seconds >= 2.4, `${seconds} s since the end of the load`);
});

test("a gateway that does not recover has no recovery time", async (t) => {
  const gateway = await serve(t, (_, response) => response.writeHead(503).end());
  assert.equal(await recovery({ gateway }, Date.now(), 300), undefined);
});
