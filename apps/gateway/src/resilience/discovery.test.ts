import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import pWaitFor from "p-wait-for";
import writeFileAtomic from "write-file-atomic";
import { loggedLines } from "../../../../packages/telemetry/test/in-memory.ts";
import { grpcProtocol } from "../services/grpc.ts";
import { restProtocol } from "../services/rest.ts";
import { addressesNow, watchAddresses } from "./discovery.ts";

const { isAddress } = grpcProtocol();

/** Watches addresses whose names have the IP addresses in `names`. Returns what was found last. */
async function watch(
  names: Record<string, readonly string[]>,
  addresses: readonly string[],
  use: (found: readonly string[]) => void = () => {},
  { resolvesHttps = false } = {},
) {
  let [last, times]: [readonly string[], number] = [[], 0];
  const stop = watchAddresses(
    addresses,
    {
      dnsMs: 5,
      fileMs: 5,
      isAddress,
      resolvesHttps,
      resolve: async (name) => names[name] ?? Promise.reject(new Error("ENOTFOUND")),
    },
    (found) => {
      last = found;
      times += 1;
      use(found);
    },
  );
  const next = async () => {
    const before = times;
    // The round that is running may have begun before a change.
    await pWaitFor(() => times > before + 1, { interval: 2, timeout: 5_000 });
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
  assert.equal(loggedLines().findLast(({ address }) => address === "logged:1")?.level, "info");
});

test("the names are resolved again after addresses that cannot be used", async (t) => {
  const { next, stop } = await watch({ a: ["10.0.0.1"] }, ["a:1"], () => {
    throw new Error("cannot be used");
  });
  t.after(stop);
  assert.deepEqual(await next(), ["10.0.0.1:1"]);
});

test("names in https addresses are resolved only with resolvesHttps", async (t) => {
  for (const [resolvesHttps, address] of [
    [false, "https://a:50061"],
    [true, "https://10.0.0.1:50061"],
  ] as const) {
    const addresses = ["https://a:50061", "[::1]:50051"];
    const { next, stop } = await watch({ a: ["10.0.0.1"] }, addresses, undefined, { resolvesHttps });
    t.after(stop);
    assert.deepEqual(await next(), [address, "[::1]:50051"]);
  }
});

test("nothing is resolved after the stop", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let rounds = 0;
  const stop = watchAddresses(["a:1"], { dnsMs: 1_000, isAddress, resolve: async () => ["10.0.0.1"] }, () => {
    rounds += 1;
  });
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

/** Creates an instances file. `write` replaces it atomically, as deployment tools do. */
function instancesFile(t: TestContext, text?: string) {
  const folder = mkdtempSync(join(tmpdir(), "instances-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "a");
  const write = (content: string) => writeFileAtomic.sync(path, content);
  if (text !== undefined) write(text);
  const logged = () => loggedLines().filter(({ file }) => file === path);
  return { path, source: `file:${path}`, write, logged };
}

for (const [what, text] of [
  ["one address in each line", "10.0.0.1:50051\n\n# a comment\n  10.0.0.2:50051\r\n10.0.0.1:50051"],
  ["a YAML list", "- 10.0.0.1:50051\n- 10.0.0.2:50051\n"],
  ["a JSON array", '["10.0.0.1:50051",\n "10.0.0.2:50051"]'],
] as const)
  test(`a file with ${what}`, (t) => {
    const { source } = instancesFile(t, text);
    assert.deepEqual(addressesNow([source, "10.0.0.9:1"], isAddress), [
      "10.0.0.1:50051",
      "10.0.0.2:50051",
      "10.0.0.9:1",
    ]);
  });

test("what is an address depends on the protocol", (t) => {
  const rest = restProtocol();
  const { source } = instancesFile(t, "http://a:1\nhttps://b/base");
  assert.deepEqual(addressesNow([source], rest.isAddress), ["http://a:1", "https://b/base"]);
  assert.deepEqual(addressesNow([source], isAddress), []);
  for (const wrong of ["a", "a:", ":1", "a:1/x", "a:99999", "http://a:1", "a b:1", "a@b:1", ""])
    assert.equal(isAddress(wrong), false, wrong);
  for (const right of ["a:1", "10.0.0.1:50051", "[::1]:50051", "service-a.pspd.svc:1"])
    assert.equal(isAddress(right), true, right);
});

test("a file that is replaced is read again, and the change is logged", async (t) => {
  const file = instancesFile(t, "10.0.0.1:1");
  const { next, stop } = await watch({}, [file.source]);
  t.after(stop);
  assert.deepEqual(await next(), ["10.0.0.1:1"]);
  file.write("10.0.0.1:1\n10.0.0.2:1\n");
  assert.deepEqual(await next(), ["10.0.0.1:1", "10.0.0.2:1"]);
  assert.deepEqual(
    file.logged().map(({ msg, instances }) => [msg, instances]),
    [["instances changed", 2]],
  );
});

test("a file is read through a symbolic link, also when the link is replaced", async (t) => {
  const [one, two] = [instancesFile(t, "10.0.0.1:1"), instancesFile(t, "10.0.0.2:1")];
  const link = `${one.path}-link`;
  symlinkSync(one.path, link);
  const { next, stop } = await watch({}, [`file:${link}`]);
  t.after(stop);
  assert.deepEqual(await next(), ["10.0.0.1:1"]);
  rmSync(link);
  symlinkSync(two.path, link);
  assert.deepEqual(await next(), ["10.0.0.2:1"]);
});

for (const [what, text, why] of [
  ["an invalid line", "10.0.0.2:1\nnonsense", /not an address: "nonsense"/],
  ["nothing, as while it is being written", "", /contains no address/],
  ["an unfinished array", '["10.0.0.2:1"', /begins with \[ but is not a JSON array/],
  ["an array of numbers", "[1]", /not an address: 1/],
  [
    "too many addresses",
    Array.from({ length: 65 }, (_, n) => `a:${n + 1}`).join("\n"),
    /65 addresses.*at most 64/,
  ],
  ["too many bytes", `a:1\n${"#".repeat(65_536)}`, /65540 bytes; at most 65536/],
  ["no file", undefined, /ENOENT/],
] as const)
  test(`the last addresses are kept if there is ${what}; it is logged once, and once when it is valid again`, async (t) => {
    const file = instancesFile(t, "10.0.0.1:1");
    const { next, stop } = await watch({}, [file.source]);
    t.after(stop);
    await next();
    if (text === undefined) rmSync(file.path);
    else file.write(text);
    assert.deepEqual(await next(), ["10.0.0.1:1"]);
    assert.deepEqual(await next(), ["10.0.0.1:1"]);
    file.write("10.0.0.3:1");
    assert.deepEqual(await next(), ["10.0.0.3:1"]);
    const [bad, good, ...others] = file.logged();
    assert.equal(bad?.msg, "instances file cannot be used");
    assert.match((bad?.err as { message: string } | undefined)?.message ?? "", why);
    assert.equal(good?.msg, "instances file is used again");
    assert.deepEqual([bad?.level, good?.level], ["warning", "info"]);
    assert.deepEqual(others, []);
  });

test("something that is not a file is not read, because a read could wait forever", (t) => {
  const { path, source } = instancesFile(t);
  execFileSync("mkfifo", [path]);
  assert.deepEqual(addressesNow([source], isAddress), []);
});

test("a file that does not exist yet has no instances, and is used when it exists", async (t) => {
  const file = instancesFile(t);
  const { next, stop } = await watch({}, [file.source, "10.0.0.9:1"]);
  t.after(stop);
  assert.deepEqual(await next(), ["10.0.0.9:1"]);
  file.write("10.0.0.1:1");
  assert.deepEqual(await next(), ["10.0.0.1:1", "10.0.0.9:1"]);
});
