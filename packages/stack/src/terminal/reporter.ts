import type { WriteStream } from "node:tty";
import type { ListrTaskWrapper } from "listr2";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { lineOf, type Report, type StackEvent, type WorkProgress } from "./messages.ts";

/**
 * The seconds that each program adds to a cold start with two builds at a time on two cores. Those of the stack's own
 * programs add up to about 20 minutes, the measured time of the whole start. The measured speed of the current run scales
 * them.
 */
const BUILD_SECONDS: Readonly<Record<string, number>> = {
  loki: 460,
  prometheus: 310,
  tempo: 195,
  otelcol: 155,
  compose: 120,
  k6: 120,
  manifests: 120,
  promtool: 60,
  alertmanager: 50,
  kustomize: 30,
  console: 20,
  node_exporter: 20,
};
const OTHER_SECONDS = 120;
const DOWNLOAD_SECONDS = 15;
/** For this time the table has more weight than the measured speed of the run; seconds. */
const WARM_UP_SECONDS = 60;

/** The progress of the programs that a start must download or build. */
interface ProgramProgress {
  readonly handle: (event: StackEvent) => void;
  /** The programs that are not available yet. */
  readonly missing: () => readonly string[];
  /** The same as text: `still building: loki, tempo`. */
  readonly stillMissing: () => string;
  /** One line: the number of ready programs, the state of the others, an estimate. Undefined if none is missing. */
  readonly text: () => string | undefined;
}

/** Follows the events of one start. */
export function createProgramProgress(now = () => Date.now()): ProgramProgress {
  const programs = new Map<string, WorkProgress>();
  let began: number | undefined;
  const missing = () => [...programs].filter(([, { done }]) => done < 1).map(([name]) => name);
  const weight = (name: string, { kind }: WorkProgress) =>
    kind === "download" ? DOWNLOAD_SECONDS : (BUILD_SECONDS[name] ?? OTHER_SECONDS);

  /** Estimated seconds until all programs are available: the table, scaled by the speed of this run. */
  function left(): number {
    let [all, done] = [0, 0];
    for (const [name, program] of programs) {
      all += weight(name, program);
      done += weight(name, program) * program.done;
    }
    const elapsed = (now() - (began ?? now())) / 1000;
    return ((all - done) * (elapsed + WARM_UP_SECONDS)) / (done + WARM_UP_SECONDS);
  }

  return {
    handle: (event) => {
      if (event.type === "progress" && event.work) {
        began ??= now();
        programs.set(event.component, event.work);
      }
      const finished = event.type === "ready" || event.type === "failed" || event.type === "skipped";
      const program = finished ? programs.get(event.component) : undefined;
      if (finished && program) programs.set(event.component, { ...program, done: 1 });
    },
    missing,
    stillMissing: () => {
      const building = missing().some((name) => programs.get(name)?.kind === "build");
      return `still ${building ? "building" : "downloading"}: ${missing().join(", ")}`;
    },
    text: () => {
      const names = missing();
      if (names.length === 0) return undefined;
      const states = names.map((name) => `${name} ${stateOf(programs.get(name))}`);
      const ready = programs.size - names.length;
      return `Programs: ${ready} of ${programs.size} ready; ${states.join(", ")}; ${aboutLeft(left())}`;
    },
  };
}

function stateOf(program: WorkProgress | undefined): string {
  if (!program || program.done === 0) return "waiting";
  return `${Math.floor(program.done * 100)} % ${program.kind === "build" ? "built" : "downloaded"}`;
}

function aboutLeft(seconds: number): string {
  return seconds < 60 ? "less than a minute left" : `about ${Math.round(seconds / 60)} min left`;
}

const OVERALL_MS = 10_000;

interface PlainOptions {
  /** The address of a component for users; printed as soon as it is ready, while programs are still missing. */
  readonly address?: (component: string) => string | undefined;
}

/** Prints events as lines of text: for pipes, for CI, and for everything after the start. */
export function createPlainReport(write: (line: string) => void, { address }: PlainOptions = {}): Report {
  const lastStep = new Map<string, string>();
  const programs = createProgramProgress();
  const ready = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  /** Prints one line for all missing programs every few seconds. */
  function follow() {
    const missing = programs.missing().length > 0;
    if (missing)
      timer ??= setInterval(() => {
        const text = programs.text();
        if (text) write(`  ${text}`);
      }, OVERALL_MS).unref();
    else {
      clearInterval(timer);
      timer = undefined;
    }
  }

  /** Includes components that were ready before the first program was found missing. */
  function reportUsable() {
    for (const component of ready) {
      const where = address?.(component);
      if (where) write(`  ${component}: ${where} (ready; ${programs.stillMissing()})`);
    }
    ready.clear();
  }

  return (event) => {
    programs.handle(event);
    follow();
    if (event.type === "progress") {
      // Progress numbers are in the line for all programs.
      const kind = event.text.replace(/\d+/g, "");
      if (lastStep.get(event.component) === kind) return;
      lastStep.set(event.component, kind);
    }
    write(lineOf(event));
    if (event.type === "ready") ready.add(event.component);
    if (programs.missing().length > 0) reportUsable();
  };
}

interface Reporter {
  readonly report: Report;
  /** Ends the task list of the start. Later events are printed as lines. */
  readonly settle: () => Promise<void>;
}

/** A terminal with fewer columns cannot show a task on one line. Some terminals report 0 columns. */
const NARROW = 60;

/** The components that users can open while the rest is still being built. */
const USER_FACING: Readonly<Record<string, PortVariable>> = {
  console: "CONSOLE_PORT",
  gateway: "GATEWAY_PORT",
  "gateway-rest": "GATEWAY_REST_PORT",
};

/** Creates a task list for a terminal, or plain lines for other outputs. */
export async function createReporter(names: readonly string[], ports: Ports): Promise<Reporter> {
  const address = (name: string) => (USER_FACING[name] ? httpAddress(ports, USER_FACING[name]) : undefined);
  const plain = createPlainReport((line) => console.log(line), { address });
  if (!process.stdout.isTTY || process.stdout.columns < NARROW)
    return { report: plain, settle: async () => {} };
  const list = await createTaskList(names, { address, rest: plain });
  let report: Report = list.report;
  return {
    report: (event) => report(event),
    settle: async () => {
      report = plain;
      await list.close();
    },
  };
}

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
async function createTaskList(
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

/** How often the status is printed if the output is not a terminal; milliseconds. */
const PLAIN_MS = 5000;

/** One line that shows the current status of a long command. */
interface StatusLine {
  /** Shows a new status. */
  readonly update: (text: string) => void;
  /** Prints a line that stays, above the status. */
  readonly print: (line: string) => void;
  /** Removes the status from a terminal. */
  readonly end: () => void;
}

/** Creates a status line: on a terminal it is overwritten, otherwise a line is printed every five seconds. */
export function createStatusLine(output: WriteStream | NodeJS.WritableStream = process.stdout): StatusLine {
  const terminal = "isTTY" in output && output.isTTY ? (output as WriteStream) : undefined;
  let printedAt = Number.NEGATIVE_INFINITY;

  function clear() {
    if (!terminal) return;
    const { clearLine, cursorTo } = process.getBuiltinModule("node:readline"); // only a terminal needs it
    cursorTo(terminal, 0);
    clearLine(terminal, 0);
  }

  return {
    update: (text) => {
      if (terminal) {
        clear();
        // A longer line would wrap and could not be cleared. Some terminals report 0 columns.
        terminal.write(text.slice(0, (terminal.columns || 80) - 1));
      } else if (performance.now() - printedAt >= PLAIN_MS) {
        printedAt = performance.now();
        output.write(`${text}\n`);
      }
    },
    print: (line) => {
      clear();
      output.write(`${line}\n`);
    },
    end: clear,
  };
}
