import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";

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
  state: string,
  use: (started: NpmStart) => T | Promise<T>,
  root = REPOSITORY,
): Promise<T> {
  const ports = Object.entries(await freePorts()).map(([name, port]) => [name, String(port)]);
  const began = performance.now();
  const npm = execa("npm", ["start"], {
    cwd: root,
    env: { ...Object.fromEntries(ports), LAB_STATE: state },
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
    const launcher: number = JSON.parse(readFileSync(join(state, "run/stack.json"), "utf8")).pid;
    try {
      return await use({ seconds, components, launcher });
    } finally {
      process.kill(launcher, "SIGINT");
      await npm;
    }
  }
  throw new Error("npm start ended before it was ready");
}
