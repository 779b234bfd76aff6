import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ExecaError, execa, type Options } from "execa";
import { commandLine, failureMessage, LabError } from "../terminal/messages.ts";
import type { GoModule, Resolved, ResolveOptions } from "./program.ts";

/** The exit code of `nice` if the program does not exist. */
const NOT_FOUND = 127;
/** The share of a build that is done when the modules are downloaded. */
const SHARE_AFTER_DOWNLOAD = 0.02;
/** The share that is done when all packages are compiled. The rest is linking, which reports no progress. */
const SHARE_AFTER_COMPILING = 0.95;

type GoBuildOptions = Pick<ResolveOptions, "root" | "signal" | "buildSlots" | "progress" | "onHelperProcess">;

/**
 * Builds a program from `tools/go/<folder>`, whose go.mod and go.sum pin every module, and puts it at `target`.
 * @throws LabError if Go is missing or the build fails, with the end of its output.
 */
export async function buildModule(
  module: GoModule,
  target: string,
  options: GoBuildOptions,
): Promise<Resolved> {
  options.progress("waiting to be built", { kind: "build", done: 0 });
  return await options.buildSlots(async () => {
    const temporary = `${target}.${process.pid}.tmp`;
    await mkdir(dirname(target), { recursive: true });
    try {
      const total = await countPackages(module, options);
      await build(module, temporary, total, options);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
    return { path: target, version: module.version, source: "built" };
  });
}

/** `go list` also downloads the modules and reports each of them. */
async function countPackages(module: GoModule, options: GoBuildOptions): Promise<number> {
  let downloads = 0;
  const output = await runGo(
    ["list", "-deps", ...commonFlags(module), module.package],
    module,
    options,
    (line) => {
      if (line.startsWith("go: downloading"))
        options.progress(`downloading Go modules: ${++downloads}`, {
          kind: "build",
          done: SHARE_AFTER_DOWNLOAD,
        });
    },
  );
  return output.length;
}

/** `go build -v` prints each package that it compiles, but none that is in Go's own cache. */
async function build(
  module: GoModule,
  target: string,
  total: number,
  options: GoBuildOptions,
): Promise<void> {
  const args = [
    "build",
    "-v",
    "-trimpath",
    ...commonFlags(module),
    "-ldflags",
    module.ldflags,
    "-o",
    target,
    module.package,
  ];
  let compiled = 0;
  const report = () =>
    options.progress(`compiling ${compiled}/${total} Go packages`, {
      kind: "build",
      done: Math.max(SHARE_AFTER_DOWNLOAD, Math.min(compiled / total, SHARE_AFTER_COMPILING)),
    });
  report();
  await runGo(args, module, options, (line) => {
    if (!/^[\w.-]+(\/|$)/.test(line)) return;
    compiled += 1;
    report();
  });
}

const commonFlags = ({ tags }: GoModule) => [
  "-mod=readonly",
  "-buildvcs=false",
  ...(tags ? ["-tags", tags] : []),
];

async function runGo(
  args: string[],
  { folder }: GoModule,
  { root, signal, onHelperProcess }: GoBuildOptions,
  onLine: (line: string) => void,
): Promise<string[]> {
  const cwd = join(root, "tools/go", folder);
  const options = {
    cwd,
    env: { CGO_ENABLED: "0" },
    stdin: "ignore",
    lines: true,
    cancelSignal: signal,
    killDescendants: true,
    forceKillAfterDelay: 1000,
  } satisfies Options;
  try {
    // Running components have priority: `nice` lowers the priority of the compilers and then executes `go`.
    const go = execa("nice", ["-n", "10", "go", ...args], options);
    onHelperProcess?.(go.pid);
    for await (const line of go.iterable({ from: "stderr" })) onLine(line);
    return (await go).stdout;
  } catch (error) {
    signal.throwIfAborted();
    throw goFailure(error, args, cwd);
  } finally {
    onHelperProcess?.(undefined);
  }
}

function goFailure(error: unknown, args: readonly string[], cwd: string): unknown {
  if (!(error instanceof ExecaError)) return error;
  const missing = error.exitCode === NOT_FOUND || error.code === "ENOENT";
  const output = [error.stderr ?? []].flat().map(String);
  const proxyUnreachable = output.some((line) => line.includes("proxyconnect"));
  return new LabError(
    failureMessage({
      what: missing ? "Go is needed to build it, and there is no `go` on the PATH." : `go ${args[0]} failed.`,
      command: `cd ${cwd} && ${commandLine("go", args)}`,
      tail: missing ? [] : output.slice(-15),
      fix: missing
        ? "install Go 1.26.5 or newer (https://go.dev/dl) and start again"
        : proxyUnreachable
          ? "the proxy cannot be reached: correct https_proxy and http_proxy, or list the host in no_proxy"
          : undefined,
    }),
  );
}
