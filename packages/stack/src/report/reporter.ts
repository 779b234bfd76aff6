import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import type { Report } from "./events.ts";
import { createPlainReport } from "./plain.ts";

export interface Reporter {
  readonly report: Report;
  /** The start is over: from here on events are lines. */
  readonly settle: () => Promise<void>;
}

/** A terminal that cannot show a task in one line (some pretend to have no columns at all). */
const NARROW = 60;

/** The components that users can open while the rest is still being built. */
const USEFUL: Readonly<Record<string, PortVariable>> = {
  console: "CONSOLE_PORT",
  gateway: "GATEWAY_PORT",
  "gateway-rest": "GATEWAY_REST_PORT",
};

/** A task list on a terminal, plain lines elsewhere. */
export async function createReporter(names: readonly string[], ports: Ports): Promise<Reporter> {
  const address = (name: string) => (USEFUL[name] ? httpAddress(ports, USEFUL[name]) : undefined);
  const plain = createPlainReport((line) => console.log(line), { address });
  if (!process.stdout.isTTY || process.stdout.columns < NARROW)
    return { report: plain, settle: async () => {} };
  const { createTaskList } = await import("./task-list.ts");
  const list = createTaskList(names, { address, rest: plain });
  let report: Report = list.report;
  return {
    report: (event) => report(event),
    settle: async () => {
      report = plain;
      await list.close();
    },
  };
}
