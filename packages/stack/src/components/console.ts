import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { faultAdminUrlVariable, portsOfInstances, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { LAB_VERSION, REPOSITORY } from "@lgtm-lab/contracts/repository";
import { readEnvironment } from "../env.ts";
import { HOST, httpAddress, type Ports } from "../ports.ts";
import { lockedInCache } from "../programs/processes.ts";
import { commandLine, failureMessage, LabError } from "../terminal/messages.ts";
import { type BuildOptions, type Component, RETURN_LARGE_BLOCKS } from "./component.ts";
import { trustEnv } from "./services.ts";

/** The console: its server, with the inbox of alerts, and the web application that it serves. */
export const consoleServer: Component = {
  name: "console",
  serviceName: "console",
  stage: "console",
  program: { kind: "node", version: LAB_VERSION },
  ports: ["CONSOLE_PORT"],
  scrape: { port: "CONSOLE_PORT", file: "stack" },
  args: ({ root }) => ["--import", "@lgtm-lab/telemetry/register", join(root, "apps/console/server/main.ts")],
  build: buildConsole,
  env: ({ stateFolder, ports, instances, hosts, tokenIssuer }) => ({
    HOST,
    CONSOLE_PORT: `${ports.CONSOLE_PORT}`,
    LAB_STATE: stateFolder,
    GATEWAY_URL: httpAddress(ports, "GATEWAY_PORT"),
    GATEWAY_REST_URL: httpAddress(ports, "GATEWAY_REST_PORT"),
    GRAFANA_URL: httpAddress(ports, "GRAFANA_PORT"),
    PROMETHEUS_URL: httpAddress(ports, "PROMETHEUS_PORT"),
    ALERTMANAGER_URL: httpAddress(ports, "ALERTMANAGER_PORT"),
    TEMPO_URL: httpAddress(ports, "TEMPO_PORT"),
    CONSOLE_LOKI_URL: httpAddress(ports, "LOKI_PORT"),
    ...Object.fromEntries(
      SERVICE_NAMES.map((name) => [
        faultAdminUrlVariable(name),
        portsOfInstances(name, ports, instances)
          .map((own) => httpAddress(own, SERVICES[name].ports.faultAdmin.variable))
          .join(","),
      ]),
    ),
    ...(tokenIssuer && {
      AUTH_ISSUER: tokenIssuer,
      // From here the gateways get the keys that check tokens.
      ...(hosts && { CONSOLE_HOSTS: `${hosts.machineAddress}:${ports.CONSOLE_PORT}` }),
    }),
    ...trustEnv({ ports, stateFolder }),
    OTEL_SERVICE_NAME: "console",
    // It stops after the collector and Loki, so it could not deliver its last spans and lines.
    OTEL_SDK_DISABLED: "true",
    LOKI_URL: "",
    ...RETURN_LARGE_BLOCKS,
  }),
  readyUrl: ({ ports }) => `${httpAddress(ports, "CONSOLE_PORT")}/readyz`,
};

/** Returns the address of the console to which Alertmanager and Grafana send alerts. */
export function alertInbox(ports: Ports): string {
  return `${httpAddress(ports, "CONSOLE_PORT")}/api/alerts`;
}

/** A line that `apps/console/build/main.ts --json` prints. */
interface BuildMessage {
  readonly progress?: { readonly text: string; readonly done?: number };
  readonly failure?: {
    readonly what: string;
    readonly command?: { readonly cwd: string; readonly file: string; readonly args: readonly string[] };
    readonly tail?: readonly string[];
    readonly fix?: string;
  };
}

const TAIL_LINES = 15;

/**
 * Builds the console's web application into `apps/console/dist` with the console's own script, unless it was built from
 * the same sources. Only one lab at a time builds in a clone.
 * @returns whether a build was needed.
 * @throws LabError with the end of the output if the build fails; the previous build is kept.
 */
export async function buildConsole(overrides: Partial<BuildOptions> = {}): Promise<boolean> {
  const options: BuildOptions = {
    root: REPOSITORY,
    cache: overrides.cache ?? readEnvironment().cache,
    signal: new AbortController().signal,
    progress: () => {},
    ...overrides,
  };
  if (!(await isNeeded(options))) return false;
  const lock = `console-${createHash("sha256").update(options.root).digest("hex").slice(0, 16)}`;
  return await lockedInCache(lock, options, async () => {
    if (!(await isNeeded(options))) return false;
    await build(options);
    return true;
  });
}

/** The console's script, with its options for a clone. */
const scriptOf = (root: string, ...options: readonly string[]) => [
  join(root, "apps/console/build/main.ts"),
  ...options,
  root,
];

/**
 * A failed check counts as needed, because the build then reports the problem. Each start runs this, and therefore does
 * not load execa.
 */
async function isNeeded({ root, cache, signal }: BuildOptions): Promise<boolean> {
  const env = { ...readEnvironment().basic, NODE_COMPILE_CACHE: join(cache, "node") };
  try {
    await promisify(execFile)(process.execPath, scriptOf(root, "--check"), { cwd: root, env, signal });
    return false;
  } catch {
    signal.throwIfAborted();
    return true;
  }
}

async function build(options: BuildOptions): Promise<void> {
  let failure: BuildMessage["failure"];
  const { exitCode, output } = await runBuild(options, (message) => {
    failure = message.failure ?? failure;
    const { text, done } = message.progress ?? {};
    if (text) options.progress(text, done === undefined ? undefined : { kind: "build", done });
  });
  if (exitCode === 0) return;
  const { command, ...rest } = failure ?? {
    what: "The console's web application could not be built.",
    tail: output.slice(-TAIL_LINES),
  };
  throw new LabError(
    failureMessage({
      ...rest,
      command: command && `cd ${command.cwd} && ${commandLine(command.file, command.args)}`,
    }),
  );
}

/**
 * Builds with the console's script. Lines that are not messages are its output. Throws if the stack is being stopped.
 */
async function runBuild(
  { root, cache, signal, onHelperProcess }: BuildOptions,
  onMessage: (message: BuildMessage) => void,
): Promise<{ exitCode: number | undefined; output: readonly string[] }> {
  const { execa } = await import("execa");
  const child = execa(process.execPath, scriptOf(root, "--json"), {
    cwd: root,
    env: { NODE_COMPILE_CACHE: join(cache, "node") },
    stdin: "ignore",
    all: true,
    lines: true,
    reject: false,
    cancelSignal: signal,
    killDescendants: true,
    forceKillAfterDelay: 1000,
  });
  onHelperProcess?.(child.pid);
  const output: string[] = [];
  try {
    for await (const line of child.iterable({ from: "all" }))
      if (line.startsWith("{")) onMessage(JSON.parse(line));
      else output.push(line);
    const { exitCode } = await child;
    signal.throwIfAborted();
    return { exitCode, output };
  } finally {
    onHelperProcess?.(undefined);
  }
}
