import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { runLab, temporaryFolder } from "../../test/helpers.ts";
import { identify, memoryMeasure } from "../programs/processes.ts";
import { runFolder, writeRecord } from "../supervisor/state-folder.ts";
import { inTableOrder } from "./status.ts";

const stateFolder = temporaryFolder();

/** Allocates 64 MiB (67 MB) and has a child that is not a component, like the launcher. */
const HOLDER = `const held = Buffer.alloc(64 * 2 ** 20, 1);
require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore" }).once("spawn", () => console.log(held.length));
process.on("SIGTERM", () => process.exit());`;

const lab = (...args: string[]) => runLab({ LAB_STATE: stateFolder }, ...args);

test("lab status shows the memory of each component, and of all processes together", async (t) => {
  const holder = execa(process.execPath, ["-e", HOLDER], { reject: false, detached: true });
  t.after(async () => {
    process.kill(-(holder.pid ?? 0), "SIGTERM"); // with its child
    await holder;
  });
  await once(holder.stdout, "data"); // its memory is allocated
  const launcher = identify(holder.pid ?? 0);
  mkdirSync(runFolder(stateFolder), { recursive: true });
  const info = { ...launcher, mode: "foreground", ports: {}, startedAt: Date.now() };
  writeFileSync(join(runFolder(stateFolder), "stack.json"), JSON.stringify(info));
  const record = {
    stage: "backend",
    graceMs: 0,
    version: "1",
    source: "cache",
    ports: [],
    restarts: 0,
  } as const;
  writeRecord(stateFolder, { ...record, name: "tempo", state: "ready", process: launcher });
  writeRecord(stateFolder, { ...record, name: "loki", state: "failed", reason: "no program" });

  const { stdout: table } = await lab("status");
  const rows = table.split("\n").map((line) => line.trim().split(/\s{2,}/));
  const head = rows.find(([first]) => first === "component") ?? [];
  assert.equal(head.at(-1), "memory");
  const memory = (name: string) => rows.find(([first]) => first === name)?.at(-1);
  const [, tempo = Number.NaN] = (/^(\d+) MB$/.exec(memory("tempo") ?? "") ?? []).map(Number);
  assert.ok(tempo >= 67 && tempo < 209, table);
  assert.equal(memory("loki"), "-", "a component without a process has no memory");
  const [, total = Number.NaN, processes] =
    /^Total memory: (\d+) MB \((?:PSS|RSS)\) in (\d+) processes, .* goal at rest: 700 MB\.$/m
      .exec(table)
      ?.map(Number) ?? [];
  assert.equal(processes, 2, table);
  assert.ok(total >= tempo, table);

  const { stdout } = await lab("status", "--json");
  const { memory: sum, components } = JSON.parse(stdout);
  assert.equal(sum.measure, memoryMeasure());
  assert.equal(sum.processes, 2);
  assert.equal(sum.goalBytes, 700_000_000);
  const row = components.find(({ component }: { component: string }) => component === "tempo");
  assert.ok(row.memoryBytes >= 64 * 2 ** 20);
  assert.ok(sum.totalBytes > row.memoryBytes, "the total includes the other processes");
});

test("the instances of a service follow each other, in the order of their numbers", () => {
  const names = ["traffic", "service-b", "service-a-10", "service-a-2", "service-a", "loki"];
  assert.deepEqual(
    inTableOrder(names.map((name) => ({ name }))).map(({ name }) => name),
    ["loki", "service-a", "service-a-2", "service-a-10", "service-b", "traffic"],
  );
});
