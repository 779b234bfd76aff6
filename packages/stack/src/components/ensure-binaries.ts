import pLimit from "p-limit";
import { findTool } from "../programs/find.ts";
import { type Binary, BUILDS_AT_ONCE } from "../programs/program.ts";
import type { Progress } from "../terminal/events.ts";
import { createPlainReport } from "../terminal/reporter.ts";
import { buildConsole } from "./console.ts";
import { COMPONENTS } from "./index.ts";
import { promtool } from "./prometheus.ts";

/**
 * Finds or builds every program of the stack, promtool, and the console's web application, or only the programs in
 * `only`. Also finds or builds those in `extra`. Prints a line for each step. A stack that starts afterwards finds all
 * of them.
 * @throws LabError with the program that cannot be obtained, and the fix.
 */
export async function ensureBinaries(
  write: (line: string) => void,
  { only, extra = {} }: { only?: readonly string[]; extra?: Readonly<Record<string, Binary>> } = {},
): Promise<void> {
  const wanted = (name: string) => only === undefined || only.includes(name);
  const report = createPlainReport(write);
  const slots = pLimit(BUILDS_AT_ONCE);
  const stack = COMPONENTS.flatMap(({ name, program }): [string, Binary][] =>
    program.kind === "binary" ? [[name, program]] : [],
  );
  const programs = [...stack, ["promtool", promtool] as const].filter(([name]) => wanted(name));
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const progressOf =
    (component: string): Progress =>
    (text, work) =>
      report({ type: "progress", component, text, ...(work && { work }) });
  const web = async (component = "console") => {
    if (await buildConsole({ progress: progressOf(component) }))
      report({ type: "ready", component, seconds: seconds(), detail: "web application built" });
  };
  await Promise.all([
    ...(wanted("console") ? [web()] : []),
    ...[...programs, ...Object.entries(extra)].map(async ([component, program]) => {
      const path = await findTool(component, program, { slots, progress: progressOf(component) });
      if (path) report({ type: "ready", component, seconds: seconds(), detail: path });
      else report({ type: "skipped", component, text: program.optional ?? "not available" });
    }),
  ]);
}
