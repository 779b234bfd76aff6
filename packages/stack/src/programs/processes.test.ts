import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { temporaryFolder } from "../../test/helpers.ts";
import {
  descriptorsOf,
  hasEnded,
  identify,
  memoryMeasure,
  memoryOf,
  openPorts,
  portHolder,
  processInfo,
  processTree,
  releaseLock,
  takeLock,
} from "./processes.ts";

test("a process counts at most its resident size, and at least a part of it", () => {
  const here = processInfo(process.pid);
  assert.ok(here);
  const bytes = memoryOf(here);
  if (memoryMeasure() === "PSS") assert.ok(bytes < here.rssBytes, "shared libraries count in full");
  assert.ok(bytes > here.rssBytes / 10);
});

test("the resident size is used if the proportional size cannot be read", () => {
  assert.equal(memoryOf({ pid: 2 ** 30, rssBytes: 4096 }), 4096);
});

test("a process tree is a process and all its descendants", async () => {
  const child = execa("sh", ["-c", "sleep 60 & echo $!; wait"], { reject: false });
  const [line] = await once(child.stdout, "data");
  const pids = processTree(child.pid ?? 0).map(({ pid }) => pid);
  assert.deepEqual(pids.toSorted(), [child.pid, Number(line)].toSorted());
  assert.ok(processTree(process.pid).some(({ pid }) => pid === child.pid));
  process.kill(Number(line));
  await child;
});

test("npm and the bootstrap belong to the process tree of a stack, other parents do not", async () => {
  const started = execa("sh", ["-c", "sh -c 'sleep 60 & echo $!; wait' scripts/bootstrap.mjs; true"]);
  const [line] = await once(started.stdout, "data");
  const sleep = Number(line);
  const commands = processTree(sleep).map(({ command }) => command);
  assert.equal(commands.length, 3, commands.join("\n"));
  process.kill(sleep);
  await started;
});

test("open ports have their protocol, their address and their process", {
  skip: process.platform !== "linux" && "it reads /proc",
}, async (t) => {
  const own = () => {
    const sockets = new Set(descriptorsOf(process.pid));
    return openPorts()
      .filter(({ socket }) => sockets.has(socket))
      .map(({ protocol, address, port }) => `${protocol} ${address} ${port}`);
  };
  const before = own();
  const opened = () => own().filter((each) => !before.includes(each));

  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(opened(), [`tcp 127.0.0.1 ${port}`]);
  assert.equal(portHolder(port)?.pid, process.pid);

  const socket = createSocket("udp4").bind(0, "0.0.0.0");
  t.after(() => socket.close());
  await once(socket, "listening");
  assert.deepEqual(opened(), [`tcp 127.0.0.1 ${port}`, `udp 0.0.0.0 ${socket.address().port}`]);

  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  assert.deepEqual(opened(), [`tcp 127.0.0.1 ${port}`], "a connected socket receives from one address only");
});

test("an open port of IPv6", { skip: process.platform !== "linux" && "it reads /proc" }, async (t) => {
  const server = createServer().listen(0, "::1");
  t.after(() => server.close());
  const failed = await once(server, "listening").catch((error: NodeJS.ErrnoException) => error);
  if ("code" in failed) return t.skip(`this machine has no IPv6 (${failed.code})`);
  const { port } = server.address() as AddressInfo;
  const sockets = new Set(descriptorsOf(process.pid));
  const addresses = openPorts().flatMap((open) =>
    open.port === port && sockets.has(open.socket) ? open.address : [],
  );
  assert.deepEqual(addresses, ["0000:0000:0000:0000:0000:0000:0000:0001"]);
});

test("a lock is acquired once, until it is released", () => {
  const file = join(temporaryFolder(), "lock");
  assert.equal(takeLock(file, { what: "first" }), undefined);
  assert.equal(takeLock(file, { what: "second" })?.what, "first");
  releaseLock(file);
  assert.equal(takeLock(file, { what: "third" }), undefined);
});

test("the lock of a process that has ended is taken over, even if another process now has its pid", () => {
  const file = join(temporaryFolder(), "lock");
  writeFileSync(file, JSON.stringify({ ...identify(process.ppid), startTime: "1" }));
  assert.equal(takeLock(file, {}), undefined);
  assert.equal(takeLock(file, {})?.pid, process.pid);
});

for (const [what, state, threads, ended] of [
  ["runs", "S", 11, false],
  ["is a zombie", "Z", 1, true],
  ["is a zombie whose other threads still run, and hold its ports", "Z", 2, false],
  ["is dead", "X", 1, true],
] as const)
  test(`a process that ${what} has ${ended ? "" : "not "}ended`, () => {
    const times = "-1 4227084 3069 6572 23 2 6 1 3 2 20 0";
    assert.equal(
      hasEnded(`32022 (a (b) c) ${state} 32019 32019 549 0 ${times} ${threads} 0 3969437 0 0`),
      ended,
    );
  });
