import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { lineOf, type Report } from "./events.ts";
import { createProgramProgress } from "./program-progress.ts";
import { createTaskList } from "./task-list.ts";

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
