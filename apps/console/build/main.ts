import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BuildFailure } from "./build.ts";
import { hashOfSources, isBuiltFrom } from "./sources.ts";

/** One line of the output with `--json`. */
export interface BuildMessage {
  readonly progress?: { readonly text: string; readonly done?: number | undefined };
  readonly failure?: BuildFailure;
}

// Usage: node main.ts [--check] [--json] [<clone>]
//
// Runs in `npm run build -w @lgtm-lab/console` and at every start of the lab. With --check it does not build, and exits
// with code 1 if a build is necessary.
const { values: flags, positionals } = parseArgs({
  options: { check: { type: "boolean" }, json: { type: "boolean" } },
  allowPositionals: true,
});
const [root = resolve(import.meta.dirname, "../../..")] = positionals;

if (isBuiltFrom(root, hashOfSources(root))) report("apps/console/dist is up to date");
else if (flags.check) process.exitCode = 1;
else await build();

async function build(): Promise<void> {
  const { BuildError, buildWebApplication } = await import("./build.ts");
  try {
    await buildWebApplication(root, report);
    report("built: apps/console/dist");
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.exitCode = 1;
    if (flags.json) return print({ failure: error.failure });
    const { what, tail = [], fix } = error.failure;
    console.error([what, ...tail, ...(fix ? [fix] : [])].join("\n"));
  }
}

function report(text: string, done?: number): void {
  if (flags.json) print({ progress: { text, done } });
  else if (!flags.check) console.log(text);
}

function print(message: BuildMessage): void {
  console.log(JSON.stringify(message));
}
