import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, HOST, type Ports, type PortVariable } from "@lgtm-lab/stack";
import { execa } from "execa";
import type { Subject } from "./result.ts";

/** `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The fields of `lab status --json` that the benches read. */
export interface Status {
  readonly memory: { readonly measure: string; readonly processes: number; readonly totalBytes: number };
  readonly components: readonly {
    readonly component: string;
    readonly pid: number | null;
    readonly memoryBytes: number | null;
  }[];
}

/** A stack of one version, started by its `lab` command. */
export interface Lab {
  readonly stateFolder: string;
  /** The base URL of a port. */
  address(port: PortVariable): string;
  readonly ports: Ports;
  /** User and system time of a component since its start, in seconds. */
  cpuSeconds(component: string): number;
  /** The memory of a component (PSS), in bytes. */
  memoryBytes(component: string): Promise<number>;
  /** Runs `lab` with these arguments, and returns its output. */
  run(...args: string[]): Promise<string>;
  /** Stops everything, and removes the data. */
  remove(): Promise<void>;
}

/** Starts the stack of a version on free ports, in the background. */
export async function startLab({ root }: Subject): Promise<Lab> {
  const stateFolder = await mkdtemp(join(tmpdir(), "lgtm-lab-bench-"));
  const ports = await freePorts();
  const variables = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, `${port}`]));
  const cli = join(root, "packages/stack/src/cli/main.ts");
  const run = async (...args: string[]): Promise<string> => {
    const { stdout } = await execa(process.execPath, [cli, ...args], {
      cwd: root,
      env: { ...variables, LAB_STATE: stateFolder },
    });
    return stdout;
  };
  const status = async (): Promise<Status> => JSON.parse(await run("status", "--json"));
  const down = async () => void (await run("down"));
  try {
    await run("up", "--detach");
    const pids = new Map((await status()).components.map(({ component, pid }) => [component, pid]));
    return {
      stateFolder,
      ports,
      address: (port) => `http://${HOST}:${ports[port]}`,
      cpuSeconds: (component) => cpuSecondsOf(pids.get(component) ?? Number.NaN),
      async memoryBytes(component) {
        const found = (await status()).components.find((each) => each.component === component);
        return found?.memoryBytes ?? Number.NaN;
      },
      run,
      async remove() {
        await down();
        await rm(stateFolder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await down().catch(() => {});
    await rm(stateFolder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Returns the user and system time of all threads of a process, in seconds; with `ended`, also of its children that have
 * ended. Linux only: reads /proc.
 */
export function cpuSecondsOf(pid: number, { ended = false } = {}): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, ended ? 15 : 13).reduce((sum, each) => sum + Number(each), 0);
  return ticks / TICKS_PER_SECOND;
}
