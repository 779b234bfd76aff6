import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import waitFor from "p-wait-for";
import { loggedLines } from "../../../../packages/telemetry/test/in-memory.ts";
import { watchAddresses } from "./discovery.ts";

/** Watches addresses whose names have the IP addresses in `names`. Returns what was found last. */
async function watch(
  names: Record<string, readonly string[]>,
  addresses: readonly string[],
  use: (found: readonly string[]) => void = () => {},
) {
  let [last, times]: [readonly string[], number] = [[], 0];
  const stop = watchAddresses(
    addresses,
    5,
    (found) => {
      last = found;
      times += 1;
      use(found);
    },
    async (name) => names[name] ?? Promise.reject(new Error("ENOTFOUND")),
  );
  const next = async () => {
    const before = times;
    // The round that is running may have begun before a change.
    await waitFor(() => times > before + 1, { interval: 2, timeout: 5_000 });
    return last;
  };
  return { next, stop };
}

test("each IP address of a name is an address, also after a change", async (t) => {
  const names: Record<string, readonly string[]> = { a: ["10.0.0.2", "10.0.0.1"] };
  const { next, stop } = await watch(names, ["a:50051"]);
  t.after(stop);
  assert.deepEqual(await next(), ["10.0.0.1:50051", "10.0.0.2:50051"]);
  names.a = ["10.0.0.3"];
  assert.deepEqual(await next(), ["10.0.0.3:50051"]);
});

test("a name that cannot be resolved keeps its last addresses, and before that its name", async (t) => {
  const names: Record<string, readonly string[]> = {};
  const { next, stop } = await watch(names, ["http://a:80/base", "http://127.0.0.1:81"]);
  t.after(stop);
  assert.deepEqual(await next(), ["http://a:80/base", "http://127.0.0.1:81"]);
  names.a = ["10.0.0.1"];
  // Port 80 is the default of http.
  assert.deepEqual(await next(), ["http://10.0.0.1/base", "http://127.0.0.1:81"]);
  delete names.a;
  assert.deepEqual(await next(), ["http://10.0.0.1/base", "http://127.0.0.1:81"]);
});

test("a name with IPv4 and IPv6 addresses is not two instances", async (t) => {
  const names: Record<string, readonly string[]> = { localhost: ["::1", "127.0.0.1"] };
  const { next, stop } = await watch(names, ["localhost:50051"]);
  t.after(stop);
  assert.deepEqual(await next(), ["127.0.0.1:50051"]);
  names.localhost = ["fd00::2", "fd00::1"];
  assert.deepEqual(await next(), ["[fd00::1]:50051", "[fd00::2]:50051"]);
});

test("a name that cannot be resolved is logged once, and once when it is back", async (t) => {
  const names: Record<string, readonly string[]> = {};
  const { next, stop } = await watch(names, ["logged:1"]);
  t.after(stop);
  const lines = () => loggedLines().flatMap(({ address, msg }) => (address === "logged:1" ? [msg] : []));
  await next();
  await next();
  assert.deepEqual(lines(), ["address cannot be resolved"]);
  names.logged = ["10.0.0.1"];
  await next();
  await next();
  assert.deepEqual(lines(), ["address cannot be resolved", "address is resolved again"]);
});

test("the names are resolved again after addresses that cannot be used", async (t) => {
  const { next, stop } = await watch({ a: ["10.0.0.1"] }, ["a:1"], () => {
    throw new Error("cannot be used");
  });
  t.after(stop);
  assert.deepEqual(await next(), ["10.0.0.1:1"]);
});

test("an https address keeps its name", async (t) => {
  const { next, stop } = await watch({ a: ["10.0.0.1"] }, ["https://a:443", "[::1]:50051"]);
  t.after(stop);
  assert.deepEqual(await next(), ["https://a:443", "[::1]:50051"]);
});

test("nothing is resolved after the stop", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let rounds = 0;
  const stop = watchAddresses(
    ["a:1"],
    1_000,
    () => {
      rounds += 1;
    },
    async () => ["10.0.0.1"],
  );
  for (const [wait, wanted] of [
    [0, 1],
    [1_000, 2],
  ] as const) {
    t.mock.timers.tick(wait);
    await setImmediate();
    assert.equal(rounds, wanted);
  }
  stop();
  t.mock.timers.tick(5_000);
  await setImmediate();
  assert.equal(rounds, 2);
});
