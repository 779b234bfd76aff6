import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { collectGarbageAtRest } from "@lgtm-lab/service-runtime/collect-garbage";
import { authorityFile } from "../certificates.ts";
import { passwordFile } from "../components/grafana.ts";
import { namesWithInstances, parseScale, type Scale } from "../components/scale.ts";
import { traffic as demoTraffic } from "../components/services.ts";
import { type Environment, readEnvironment, settingHashes } from "../env.ts";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { readOwner } from "../supervisor/ownership.ts";
import { createStack } from "../supervisor/stack.ts";
import {
  logFile,
  openLog,
  prepareStateFolder,
  readHosts,
  readRecords,
  tailOf,
} from "../supervisor/state-folder.ts";
import { plainTable } from "../terminal/format.ts";
import { failureMessage, LabError, type Report, type StackEvent } from "../terminal/messages.ts";
import { createPlainReport, createReporter } from "../terminal/reporter.ts";

export interface UpOptions {
  readonly detach?: boolean | undefined;
  readonly traffic?: boolean | undefined;
  readonly auth?: boolean | undefined;
  readonly tls?: boolean | undefined;
  /** Instances of services: `service-a=3`. */
  readonly scale?: readonly string[] | undefined;
  readonly hosts?: boolean | undefined;
}

/** Runs `lab up` and `lab start`. Returns the exit code. */
export async function up({
  detach = false,
  traffic = false,
  auth = false,
  tls = false,
  scale: scaleOptions = [],
  hosts = false,
}: UpOptions): Promise<number> {
  const environment = readEnvironment();
  const scale = parseScale(scaleOptions, environment.serviceSettings);
  if (hosts) (await import("../hosts/network.ts")).assertHostsPossible();
  if (reportRunning(environment, { auth, tls, scaleOptions, hosts })) return 0;
  if (detach) return await upDetached(environment, { traffic, auth, tls, scale, hosts });
  const reporter = await createReporter(namesWithInstances(scale), portsWith(environment, { tls }));
  return await runStack({
    environment,
    mode: "foreground",
    auth,
    tls,
    withTraffic: traffic,
    scale,
    hosts,
    report: reporter.report,
    onStarted: async ({ failed, grafana }) => {
      await reporter.settle();
      console.log(startedText({ environment, failed, grafana, traffic, auth, tls }));
      console.log(
        "Ctrl-C stops everything. In another terminal: npx lab status, npx lab doctor, npx lab logs <name>.",
      );
    },
    onStopping: () => {
      void reporter.settle();
      console.log("\nStopping. Press Ctrl-C again to kill everything at once.");
    },
  });
}

/** Returns the ports of a stack that starts. */
const portsWith = ({ ports }: Environment, { tls }: { tls: boolean }): Ports =>
  tls ? { ...ports, usesTls: true } : ports;

const HOST_LINK_VARIABLES = ["LAB_HOSTS_MBIT", "LAB_HOSTS_DELAY_MS", "LAB_HOSTS_LOSS_PERCENT"];

/**
 * Reports a stack that is already running in this state folder. Returns false if no stack is running.
 * @throws LabError if an option or variable would need a new start.
 */
function reportRunning(
  { stateFolder, serviceSettings, settings, hostLink }: Environment,
  {
    auth,
    tls,
    scaleOptions,
    hosts,
  }: { auth: boolean; tls: boolean; scaleOptions: readonly string[]; hosts: boolean },
): boolean {
  const running = readOwner(stateFolder);
  if (!running?.alive) return false;
  const grafana = readRecords(stateFolder).some(({ name, state }) => name === "grafana" && state === "ready");
  console.log(
    `The stack is already running (pid ${running.pid}, ${running.mode}). Stop it with \`npx lab down\`.\n`,
  );
  const separate = readHosts(stateFolder);
  const needNewStart = [
    ...(scaleOptions.length > 0 ? ["--scale"] : []),
    ...(auth && !running.tokenIssuer ? ["--auth"] : []),
    ...(tls && !running.ports.usesTls ? ["--tls"] : []),
    ...(hosts && !separate ? ["--hosts"] : []),
    ...(hosts && separate && !isDeepStrictEqual(separate.link, hostLink) ? HOST_LINK_VARIABLES : []),
    ...Object.entries(settingHashes({ serviceSettings, settings }))
      .filter(([name, hash]) => running.settings?.[name] !== hash)
      .map(([name]) => name),
  ];
  if (needNewStart.length > 0)
    throw new LabError(
      `${needNewStart.join(", ")} ${needNewStart.length > 1 ? "do" : "does"} not change a running stack. Stop it with \`npx lab down\`, then start it again.`,
    );
  console.log(summary(running.ports, { grafana }));
  return true;
}

const CLI = join(import.meta.dirname, "main.ts");

/**
 * Starts a launcher that outlives this command, prints its reports, and returns when everything is ready or has
 * failed.
 * @returns the exit code: 0 if everything is ready.
 * @throws LabError with the end of the launcher's log if it ends before that.
 */
async function upDetached(
  environment: Environment,
  {
    traffic,
    auth,
    tls,
    scale,
    hosts,
  }: { traffic: boolean; auth: boolean; tls: boolean; scale: Scale; hosts: boolean },
): Promise<number> {
  prepareStateFolder(environment.stateFolder);
  const log = logFile(environment.stateFolder, "launcher");
  const { descriptor, offset } = openLog(log);
  const flags = { traffic, auth, tls, hosts };
  const options = [
    ...Object.entries(flags).flatMap(([name, isSet]) => (isSet ? [`--${name}`] : [])),
    ...Object.entries(scale).flatMap(([service, count]) => ["--scale", `${service}=${count}`]),
  ];
  const launcher = fork(CLI, ["launch", ...options], {
    detached: true,
    stdio: ["ignore", descriptor, descriptor, "ipc"],
  });
  closeSync(descriptor);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => launcher.kill(signal));

  const reporter = await createReporter(namesWithInstances(scale), portsWith(environment, { tls }));
  const { promise, resolve } = Promise.withResolvers<LauncherMessage["started"]>();
  launcher.on("message", ({ event, started }: LauncherMessage) => {
    if (event) reporter.report(event);
    if (started) resolve(started);
  });
  const started = await Promise.race([promise, once(launcher, "exit").then(() => undefined)]);
  await reporter.settle();
  if (!started)
    throw new LabError(
      failureMessage({ what: "The stack did not start.", log, tail: tailOf(log, 15, offset) }),
    );

  launcher.disconnect();
  launcher.unref();
  console.log(startedText({ environment, traffic, auth, tls, ...started }));
  console.log("The stack runs in the background. Next: npx lab status, npx lab logs <name>, npx lab down.");
  return started.failed.length > 0 ? 1 : 0;
}

/** A message of a detached launcher to the `lab up --detach` that started it. */
interface LauncherMessage {
  readonly event?: StackEvent;
  readonly started?: { readonly failed: readonly string[]; readonly grafana: boolean };
}

/** Runs the launcher of a detached stack. `lab up --detach` starts it; users do not. */
export async function launch({
  traffic = false,
  auth = false,
  tls = false,
  scale = [],
  hosts = false,
}: Pick<UpOptions, "traffic" | "auth" | "tls" | "scale" | "hosts">): Promise<number> {
  const log = createPlainReport((line) => console.log(`${new Date().toISOString()} ${line}`));
  const send = (message: LauncherMessage) => {
    if (process.connected) process.send?.(message);
  };
  return await runStack({
    environment: readEnvironment(),
    mode: "detached",
    auth,
    tls,
    withTraffic: traffic,
    scale: parseScale(scale),
    hosts,
    report: (event) => {
      log(event);
      send({ event });
    },
    onStarted: async (started) => send({ started }),
    onStopping: () => log({ type: "note", text: "stopping" }),
  });
}

/** The option of a stop that kills every process at once. */
export const KILL_AT_ONCE = { graceMs: 0 } as const;
/** The exit code after SIGINT, as in a shell. */
export const INTERRUPTED = 130;

interface RunOptions {
  readonly environment: Environment;
  readonly mode: "foreground" | "detached";
  readonly auth: boolean;
  readonly tls: boolean;
  readonly withTraffic: boolean;
  readonly scale: Scale;
  readonly hosts: boolean;
  readonly report: Report;
  /** Called when everything is ready or has failed. */
  readonly onStarted: (outcome: { failed: readonly string[]; grafana: boolean }) => Promise<void>;
  /** Called after a signal, before everything is stopped. */
  readonly onStopping: () => void;
}

/**
 * Runs a stack until a signal ends it.
 * @returns the exit code: 0 if no component had failed when the stack was stopped; 130 if it was stopped during the
 *   start.
 */
async function runStack(options: RunOptions): Promise<number> {
  const { environment, mode, auth, tls, withTraffic, scale, hosts, report } = options;
  const stack = await createStack({ environment, mode, auth, tls, scale, hosts, report });
  const stopped = Promise.withResolvers<void>();
  onStopSignals({
    stopIfOrphaned: mode === "foreground",
    stop: () => {
      options.onStopping();
      stack.down().then(stopped.resolve, stopped.reject);
    },
    stopNow: () => void stack.down(KILL_AT_ONCE),
  });
  const started = await Promise.race([stack.start(), stopped.promise]).catch(() => undefined);
  if (!started) {
    await stopped.promise;
    return INTERRUPTED;
  }
  if (withTraffic) await stack.add(demoTraffic(environment.trafficRps)).catch(() => {}); // an event has reported it
  const state = (name: string) =>
    stack
      .components()
      .find(({ component }) => component.name === name)
      ?.record().state;
  await options.onStarted({ failed: started.failed, grafana: state("grafana") === "ready" });
  collectGarbageAtRest();
  const healthy = () => stack.components().every(({ record }) => record().state !== "failed");
  let wasHealthy = healthy();
  const watch = setInterval(() => {
    wasHealthy = healthy();
  }, 1000);
  await stopped.promise;
  clearInterval(watch);
  return wasHealthy ? 0 : 1;
}

/** A terminal, npm and the bootstrap may each forward the same Ctrl-C. Signals within this time count as one. */
const SAME_MS = 500;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, and `stopNow` at each later one. With `stopIfOrphaned`, the death of a
 * parent process that has an IPC channel counts as a signal too: the bootstrap on a Node that cannot replace it.
 */
export function onStopSignals(options: {
  stopIfOrphaned: boolean;
  stop: () => void;
  stopNow: () => void;
}): void {
  let first: number | undefined;
  const receive = () => {
    if (first === undefined) {
      first = Date.now();
      options.stop();
    } else if (Date.now() - first > SAME_MS) options.stopNow();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, receive);
  if (options.stopIfOrphaned) process.on("disconnect", receive);
  process.channel?.unref();
}

/** Returns the text after a start: its duration, the failed components, and all addresses. */
function startedText(outcome: {
  environment: Environment;
  failed: readonly string[];
  grafana: boolean;
  traffic: boolean;
  auth: boolean;
  tls: boolean;
}): string {
  const { environment, failed, grafana, traffic, auth, tls } = outcome;
  const seconds = (performance.now() / 1000).toFixed(1);
  const verdict = failed.length
    ? `Started in ${seconds} s, but without ${failed.join(", ")}, which failed (see above).`
    : `Ready in ${seconds} s.`;
  const demo = traffic ? ` Demo traffic: ${environment.trafficRps} requests a second.` : "";
  const password = grafana ? newPassword(environment.stateFolder) : undefined;
  const note = password ? `\n${password}\n` : "";
  const tokens = auth ? "\nThe gateways require an access token: npx lab token --scope hello." : "";
  const certificates = tls
    ? `\nThe services, the collector and Loki use TLS. Their CA: ${authorityFile(environment.stateFolder)} (curl --cacert).`
    : "";
  return `\n${verdict}${demo}${tokens}${certificates}\n\n${summary(portsWith(environment, { tls }), { grafana })}\n${note}`;
}

/** Returns the text about Grafana's password if this start has created it; undefined at every later start. */
export function newPassword(stateFolder: string, since: number = performance.timeOrigin): string | undefined {
  const grafana = readRecords(stateFolder).find(({ name }) => name === "grafana");
  if (!grafana?.version) return undefined;
  const file = passwordFile(join(stateFolder, `grafana-${grafana.version}`));
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (made < since) return undefined;
  return `Grafana's admin password, shown only once: ${readFileSync(file, "utf8")} (kept in ${file})`;
}

const ROWS: readonly [what: string, port: PortVariable, path: string][] = [
  ["console", "CONSOLE_PORT", "/"],
  ["gateway (gRPC)", "GATEWAY_PORT", "/a/hello?name=Ana"],
  ["gateway (REST)", "GATEWAY_REST_PORT", "/b/numbers?count=10&delay_ms=5"],
  ["traces (Tempo)", "TEMPO_PORT", "/api/traces/<x-trace-id>"],
  ["metrics (Prometheus)", "PROMETHEUS_PORT", "/api/v1/query?query=up"],
  ["logs (Loki)", "LOKI_PORT", "/loki/api/v1/query_range"],
  ["alerts (Alertmanager)", "ALERTMANAGER_PORT", "/api/v2/alerts"],
  ["collector, OTLP/gRPC", "OTELCOL_GRPC_PORT", ""],
  ["collector, OTLP/HTTP", "OTELCOL_HTTP_PORT", ""],
];

/** Formats all addresses as a table. */
function summary(ports: Ports, extra: { grafana: boolean }): string {
  const rows = ROWS.map(([what, port, path]) => [what, httpAddress(ports, port) + path]);
  if (extra.grafana) rows.push(["dashboards (Grafana)", httpAddress(ports, "GRAFANA_PORT")]);
  return plainTable(rows);
}
