import { COMPONENTS } from "../components/index.ts";
import { promtool } from "../components/prometheus.ts";
import type { Binary } from "../components/types.ts";
import { createPlainReport } from "../report/plain.ts";
import { createSlots } from "./slots.ts";
import { findTool } from "./tool.ts";

const BUILDS_AT_ONCE = 2;

/**
 * Finds or builds every program of the stack, and promtool, telling of it line by line: what starts a stack afterwards
 * finds them in the cache.
 * @throws LabError that says which is not to be had, and what to do.
 */
export async function ensureBinaries(write: (line: string) => void): Promise<void> {
  const report = createPlainReport(write);
  const slots = createSlots(BUILDS_AT_ONCE);
  const programs = COMPONENTS.flatMap(({ name, program }): [string, Binary][] =>
    program.kind === "binary" ? [[name, program]] : [],
  );
  await Promise.all(
    [...programs, ["promtool", promtool] as const].map(async ([component, binary]) => {
      const began = Date.now();
      const progress = (text: string) => report({ type: "progress", component, text });
      const path = await findTool(component, binary, { slots, progress });
      if (path) report({ type: "ready", component, seconds: (Date.now() - began) / 1000, detail: path });
      else report({ type: "skipped", component, text: `not to be had here: ${binary.optional}` });
    }),
  );
}
