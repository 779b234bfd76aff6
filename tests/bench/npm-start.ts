import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts, REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import type { Status } from "./lab.ts";

/** A stack that `npm start` has started. */
export interface NpmStart {
  /** The time from `npm start` to its line "Ready in …". */
  readonly seconds: number;
  /** The seconds that each component needed, from its own start. */
  readonly components: ReadonlyMap<string, number>;
  /** The process id of the launcher. */
  readonly launcher: number;
}

/**
 * Runs `npm start` in a clone on free ports with this state folder. Calls `use` when everything is ready, then stops the
 * stack.
 */
export async function withNpmStart<T>(
  stateFolder: string,
  use: (started: NpmStart) => T | Promise<T>,
  root = REPOSITORY,
): Promise<T> {
  const ports = Object.entries(await freePorts()).map(([name, port]) => [name, String(port)]);
  const began = performance.now();
  const npm = execa("npm", ["start"], {
    cwd: root,
    env: { ...Object.fromEntries(ports), LAB_STATE: stateFolder },
    stdin: "ignore",
    buffer: false,
    reject: false,
  });
  const components = new Map<string, number>();
  for await (const line of npm) {
    const [, name, own] = /^✓ (\S+)\s+ready in ([\d.]+) s/.exec(line) ?? [];
    if (name) components.set(name, Number(own));
    if (!line.startsWith("Ready in")) continue;
    const seconds = (performance.now() - began) / 1000;
    const launcher: number = JSON.parse(readFileSync(join(stateFolder, "run/stack.json"), "utf8")).pid;
    try {
      return await use({ seconds, components, launcher });
    } finally {
      process.kill(launcher, "SIGINT");
      await npm;
    }
  }
  throw new Error("npm start ended before it was ready");
}

/**
 * After this time each service has collected garbage, Tempo has written a block, and the demo traffic has reached all
 * code.
 */
const SETTLED_MS = 120_000;

/**
 * Returns what `lab status` reports two minutes after `npm start`. Node's compile cache must be filled by an earlier start.
 * Otherwise each process strips types itself, which takes 25 MB.
 */
export async function statusAtRest(stateFolder: string, root = REPOSITORY): Promise<Status> {
  const readStatus = async () => {
    await delay(SETTLED_MS); // not a synchronization: it measures the state after this time
    const lab = [join(root, "packages/stack/src/cli/main.ts"), "status", "--json"];
    const { stdout } = await execa(process.execPath, lab, { env: { LAB_STATE: stateFolder } });
    return JSON.parse(stdout) as Status;
  };
  return await withNpmStart(stateFolder, readStatus, root);
}

/** Returns the memory of each component, in MB. */
export const megabytesOf = ({ components }: Status): [component: string, megabytes: number][] =>
  components.map(({ component, memoryBytes }) => [component, Math.round((memoryBytes ?? 0) / 1e6)]);
