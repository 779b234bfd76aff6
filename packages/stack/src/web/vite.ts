import { join } from "node:path";
import { ExecaError, execa, type Options } from "execa";
import { commandLine, failureMessage, LabError } from "../terminal/failure.ts";
import type { WebBuild } from "./build-console.ts";
import { consoleFolder } from "./sources.ts";

const TAIL_LINES = 15;

/**
 * Builds the application into `target` with Vite, in a separate process.
 * @throws LabError with the command and the end of its output when it fails.
 */
export async function runVite(target: string, { root, signal, progress, helper }: WebBuild): Promise<void> {
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const args = [vite, "build", "--outDir", target, "--emptyOutDir"];
  const cwd = consoleFolder(root);
  const options = {
    cwd,
    env: { NODE_ENV: "production", NO_COLOR: "1" },
    stdin: "ignore",
    all: true,
    lines: true,
    cancelSignal: signal,
    killDescendants: true,
    forceKillAfterDelay: 1000,
  } satisfies Options;
  try {
    const child = execa(process.execPath, args, options);
    helper?.(child.pid);
    for await (const line of child.iterable({ from: "all" })) {
      const step = stepOf(line);
      if (step) progress(`building the web application: ${step}`);
    }
    await child;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ExecaError)) throw error;
    throw new LabError(
      failureMessage({
        what: "The console's web application could not be built. The console serves its previous build or its plain pages.",
        command: `cd ${cwd} && ${commandLine(process.execPath, args)}`,
        tail: [error.all ?? []].flat().map(String).slice(-TAIL_LINES),
      }),
    );
  } finally {
    helper?.(undefined);
  }
}

/** What Vite is at, from a line of its output; nothing for the list of the files that it wrote. */
const stepOf = (line: string): string | undefined =>
  /(transforming|modules transformed|rendering chunks|computing gzip size|built in [\d.]+ ?m?s)/.exec(
    line,
  )?.[0];
