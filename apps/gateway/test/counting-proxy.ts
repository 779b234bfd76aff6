import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import type { TestContext } from "node:test";

/** A TCP proxy that counts what passes, as nothing inside the two processes can: what the tests compare with. */
export async function countingProxy(t: TestContext, target: number) {
  const carried = { sent: 0, received: 0 };
  const server = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port: target, noDelay: true });
    near.setNoDelay(true);
    near.on("data", (chunk) => {
      carried.sent += chunk.length;
    });
    far.on("data", (chunk) => {
      carried.received += chunk.length;
    });
    near.pipe(far).pipe(near);
    for (const socket of [near, far])
      socket.on("error", () => {
        near.destroy();
        far.destroy();
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, carried };
}
