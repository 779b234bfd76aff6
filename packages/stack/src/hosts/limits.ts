import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { failureMessage, LabError, messageOf } from "../terminal/messages.ts";
import type { Host, SkippedLimit } from "./plan.ts";

/** Short, so that a throttled process waits for milliseconds, as on a slow processor, not for a tenth of a second. */
const PERIOD_US = 20_000;
const REMOVE_MS = 5000;

const CONTROLLERS = ["cpu", "memory"] as const;
type Controller = (typeof CONTROLLERS)[number];
const LIMIT_NAMES: Readonly<Record<Controller, string>> = { cpu: "CPU limits", memory: "memory limits" };

/** Where a controller's cgroups are, and the version of its interface. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly folder: string;
}

/**
 * Finds the hierarchy of each controller.
 * @param mounts the content of `/proc/self/mounts`.
 * @param controllersOf reads the controllers of a hierarchy of version 2.
 */
export function findHierarchies(
  mounts: string,
  controllersOf: (folder: string) => readonly string[] = readControllers,
): Partial<Record<Controller, Hierarchy>> {
  const lines = mounts.split("\n").map((line) => line.split(" "));
  const found = CONTROLLERS.map((controller): [Controller, Hierarchy | undefined] => {
    for (const [, folder = "", type, options = ""] of lines) {
      // A controller is in one hierarchy only, so the order does not matter.
      if (type === "cgroup" && options.split(",").includes(controller))
        return [controller, { version: 1, folder }];
      if (type === "cgroup2" && controllersOf(folder).includes(controller))
        return [controller, { version: 2, folder }];
    }
    return [controller, undefined];
  });
  return Object.fromEntries(found.filter(([, hierarchy]) => hierarchy));
}

function readControllers(folder: string): string[] {
  try {
    return readFileSync(join(folder, "cgroup.controllers"), "utf8").trim().split(" ");
  } catch {
    return [];
  }
}

/** Returns the files of a limit, with their content, in the order in which they are written. */
export function limitFiles(
  controller: Controller,
  version: 1 | 2,
  { cpus, memoryMb }: Pick<Host, "cpus" | "memoryMb">,
): [file: string, content: string][] {
  const quota = Math.round(cpus * PERIOD_US);
  const bytes = `${memoryMb * 2 ** 20}`;
  if (controller === "memory") return [[version === 2 ? "memory.max" : "memory.limit_in_bytes", bytes]];
  if (version === 2) return [["cpu.max", `${quota} ${PERIOD_US}`]];
  return [
    ["cpu.cfs_period_us", `${PERIOD_US}`],
    ["cpu.cfs_quota_us", `${quota}`],
  ];
}

const readMounts = () => readFileSync("/proc/self/mounts", "utf8");

/**
 * Creates the cgroups of a host, directly below the root of each hierarchy.
 * @returns their folders, and the limits that this machine does not support with the reasons.
 */
export function createCgroups(
  host: Host,
  controllers: readonly Controller[] = CONTROLLERS,
): { folders: string[]; skipped: SkippedLimit[] } {
  const found = findHierarchies(readMounts());
  const folders = new Set<string>();
  const skipped: SkippedLimit[] = [];
  for (const controller of controllers) {
    const skip = (reason: string) =>
      skipped.push({ limit: controller, text: `${LIMIT_NAMES[controller]} (${reason})` });
    const hierarchy = found[controller];
    if (!hierarchy) {
      skip(`this machine has no cgroup controller ${controller}`);
      continue;
    }
    const { version, folder } = hierarchy;
    const group = join(folder, host.namespace);
    try {
      if (version === 2) writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
      mkdirSync(group, { recursive: true });
      for (const [file, content] of limitFiles(controller, version, host))
        writeFileSync(join(group, file), content);
      folders.add(group);
    } catch (error) {
      skip(messageOf(error));
    }
  }
  return { folders: [...folders], skipped };
}

/** Removes the cgroups whose names begin with the id of a stack's hosts. Their processes must have been stopped. */
export async function removeCgroups(id: string): Promise<void> {
  const folders = new Set(Object.values(findHierarchies(readMounts())).map(({ folder }) => folder));
  const groups = [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(`${id}-`))
      .map((name) => join(folder, name)),
  );
  // The kernel removes a process from its group a moment after its end.
  for (const group of groups)
    await pWaitFor(
      () => {
        try {
          rmdirSync(group);
          return true;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
          throw error;
        }
      },
      {
        interval: 20,
        timeout: {
          milliseconds: REMOVE_MS,
          message: new LabError(
            failureMessage({
              what: `Cannot remove the cgroup ${group}: processes still run in it.`,
              fix: `end the processes in ${join(group, "cgroup.procs")}, then run npx lab down`,
            }),
          ),
        },
      },
    );
}
