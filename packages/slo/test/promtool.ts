import { execFile } from "node:child_process";
import { promtool, resolveTool } from "@lgtm-lab/stack";

const program = resolveTool("promtool", promtool);

/** It ends after seconds, so collecting garbage less often saves a third of its CPU time. */
const LESS_GARBAGE_COLLECTION = { GOGC: "400" };

/** Runs promtool in a folder. Returns its exit code and its output. */
export async function runPromtool(cwd: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const path = await program;
  return new Promise((resolve, reject) => {
    execFile(path, args, { cwd, env: LESS_GARBAGE_COLLECTION }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}
