import type { ListrTaskWrapper } from "listr2";
import type { Report } from "./events.ts";
import { createProgramProgress } from "./program-progress.ts";

interface TaskList {
  readonly report: Report;
  /** Ends the list. Unfinished tasks are marked as stopped. */
  readonly close: () => Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: listr2 names its renderer classes only through such parameters
type Task = ListrTaskWrapper<object, any, any>;

const PROGRAMS = "programs";
const REFRESH_MS = 1000;

/**
 * Shows the start of a stack on a terminal: one line for each component, and one for the programs that must be
 * downloaded or built.
 * @param options.address returns the address of a component for users; shown while programs are missing.
 */
export async function createTaskList(
  names: readonly string[],
  { address, rest }: { address: (component: string) => string | undefined; rest: Report },
): Promise<TaskList> {
  const { Listr } = await import("listr2"); // only a terminal needs it
  const programs = createProgramProgress();
  const ends = new Map([...names, PROGRAMS].map((name) => [name, Promise.withResolvers<void>()]));
  const tasks = new Map<string, Task>();
  /** Ready, and its address is not shown yet. */
  const ready = new Map<string, Task>();
  const list = new Listr<object>(
    [...ends.keys()].map((name) => ({
      title: name,
      task: async (_, task) => {
        tasks.set(name, task);
        await ends.get(name)?.promise;
      },
    })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { collapseErrors: false, collapseSkips: false, showErrorMessage: true },
    },
  );
  const refresh = setInterval(() => {
    const task = tasks.get(PROGRAMS);
    const text = programs.text();
    if (task) task.title = text ?? PROGRAMS;
    if (text) showUsable();
  }, REFRESH_MS).unref();

  function showUsable() {
    for (const [component, task] of ready) {
      const where = address(component);
      if (where) task.title += `  ${where}`;
    }
    ready.clear();
  }
  const shown = list.run().catch(() => {}); // the list itself and the summary report failures
  return {
    report: (event) => {
      programs.handle(event);
      const task = event.type === "note" ? undefined : tasks.get(event.component);
      if (event.type === "note" || !task) return rest(event);
      const end = ends.get(event.component);
      switch (event.type) {
        case "progress":
          task.output = event.text;
          break;
        case "ready":
          task.title = `${event.component}  ${event.seconds.toFixed(1)} s  (${event.detail})`;
          ready.set(event.component, task);
          end?.resolve();
          break;
        case "skipped":
          task.title = `${event.component}  ${event.text}`;
          task.skip();
          end?.resolve();
          break;
        case "failed":
          end?.reject(new Error(event.message));
          break;
        default:
          rest(event);
      }
    },
    close: async () => {
      clearInterval(refresh);
      const task = tasks.get(PROGRAMS);
      if (task && programs.missing().length === 0) {
        task.title = PROGRAMS;
        ends.get(PROGRAMS)?.resolve();
      }
      for (const end of ends.values()) end.reject(new Error("stopped"));
      await shown;
    },
  };
}
