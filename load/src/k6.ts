import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import getPort, { portNumbers } from "get-port";
import type { StepPlan } from "./plan.ts";
import { type K6Counts, type LiveCounts, readLive, readSummary } from "./summary.ts";

const HOST = "127.0.0.1";
const SCENARIO = join(import.meta.dirname, "../k6/scenario.js");
/** k6's exit code if a threshold failed, and if a signal stopped it. It has written its summary in both cases. */
const EXPECTED_CODES = [0, 99, 105];
const RESPONSE_MS = 1000;
const SHOWN_LINES = 10;

/** A command and its environment. */
interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Another host on which k6 runs. */
export interface K6Host {
  /** Its address, at which k6's API listens. */
  readonly address: string;
  /** Returns a command that runs there. */
  readonly on: (command: Command) => Command;
}

export interface K6Options {
  /** The path of k6. */
  readonly program: string;
  /** The host on which k6 runs; by default this machine. */
  readonly host?: K6Host | undefined;
  /** The environment of k6, in which the options of this step are added. */
  readonly env: Readonly<Record<string, string>>;
  /** The URL of the gateway. */
  readonly gateway: string;
  /** An access token for the gateway. */
  readonly token?: string | undefined;
  /** The URL to which k6 writes its metrics (remote write). */
  readonly remoteWrite: string;
  /** The value of the label `testid`. */
  readonly testId: string;
  /** The files to which k6's summary is written and its log is appended. */
  readonly summaryFile: string;
  readonly logFile: string;
}

/** A k6 process that runs one step. */
export interface K6Process {
  /** When the load starts: milliseconds since the epoch; undefined if k6 ends before. */
  readonly started: Promise<number | undefined>;
  /** Returns the counts so far; undefined while k6 does not respond. */
  readonly live: () => Promise<LiveCounts | undefined>;
  /** Ends the load now. k6 still writes its summary and its metrics. */
  readonly stop: () => void;
  readonly kill: () => void;
  /**
   * Resolves when k6 has ended, with its counts, or undefined if it was stopped before the load had started. Rejects
   * with the end of k6's log if k6 failed.
   */
  readonly ended: Promise<K6Counts | undefined>;
}

/** Starts k6 for one step. */
export async function startK6(step: StepPlan, options: K6Options): Promise<K6Process> {
  // Below the range of ports for outgoing connections, of which the load needs many.
  const port = await getPort({ host: HOST, port: portNumbers(15_000, 30_000) });
  const api = `${options.host?.address ?? HOST}:${port}`;
  const started = Promise.withResolvers<number | undefined>();
  let hasStarted = false;
  const args = ["run", "--quiet", "--no-usage-report", "--log-format", "raw", "--address", api];
  const here: Command = {
    file: options.program,
    args: [...args, "--out", "experimental-prometheus-rw", SCENARIO],
    env: { ...options.env, ...variablesOf(step, options) },
  };
  const command = options.host?.on(here) ?? here;
  const k6 = execa(command.file, command.args, {
    env: command.env,
    // Variables such as K6_DURATION would change the load.
    extendEnv: false,
    // Otherwise Ctrl-C would reach k6 too, and k6 ends at once after a second signal.
    detached: true,
    stdin: "ignore",
    all: true,
    lines: true,
    reject: false,
  });

  async function followLog(): Promise<void> {
    for await (const line of k6.iterable({ from: "all" })) {
      const [, time] = /^started (\d+)$/.exec(line) ?? [];
      hasStarted ||= time !== undefined;
      if (time) started.resolve(Number(time));
      else await appendFile(options.logFile, `${step.protocol} ${step.users}: ${line}\n`);
    }
  }

  async function end(): Promise<K6Counts | undefined> {
    await followLog();
    const { exitCode, signal, all, message } = await k6;
    started.resolve(undefined);
    if (exitCode !== undefined && EXPECTED_CODES.includes(exitCode) && hasStarted)
      return readSummary(await readFile(options.summaryFile, "utf8"));
    if (signal === "SIGKILL" || exitCode === 105) return undefined;
    const tail = all.slice(-SHOWN_LINES).map((line) => `  | ${line}`);
    throw new Error([`k6 failed (exit code ${exitCode ?? message}).`, ...tail].join("\n"));
  }

  return {
    started: started.promise,
    live: async () => {
      try {
        const response = await fetch(`http://${api}/v1/metrics`, {
          signal: AbortSignal.timeout(RESPONSE_MS),
        });
        return readLive(await response.json());
      } catch {
        return undefined;
      }
    },
    stop: () => void k6.kill("SIGINT"),
    kill: () => void k6.kill("SIGKILL"),
    ended: end(),
  };
}

/** The variables that scenario.js and k6's output for Prometheus read. */
function variablesOf(step: StepPlan, options: K6Options): Record<string, string> {
  return {
    BASE_URL: options.gateway,
    ...(options.token && { TOKEN: options.token }),
    PROTOCOL: step.protocol,
    USERS: `${step.users}`,
    WARM_UP_S: `${step.warmUpS}`,
    SECONDS: `${step.seconds}`,
    TEST_ID: options.testId,
    SUMMARY_FILE: options.summaryFile,
    K6_PROMETHEUS_RW_SERVER_URL: options.remoteWrite,
    K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: "true",
    K6_PROMETHEUS_RW_PUSH_INTERVAL: "2s",
    // Otherwise the last values of a step would be on graphs for five more minutes.
    K6_PROMETHEUS_RW_STALE_MARKERS: "true",
  };
}
