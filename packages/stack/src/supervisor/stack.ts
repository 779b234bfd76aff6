import type { FurtherInstances } from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import {
  closePendingKills,
  endFaults,
  type FaultStatus,
  faultAccessOf,
  listFaults,
  makeFaultToken,
  openPendingKills,
  readPendingKills,
  removeFaultToken,
  setFault,
  watchPendingKills,
} from "@lgtm-lab/faults/client";
import pLimit from "p-limit";
import {
  type CertificateChoices,
  keepCertificatesValid,
  makeCertificates,
  trustCertificates,
} from "../certificates.ts";
import { type Component, portsOf, STAGES } from "../components/component.ts";
import { COMPONENTS } from "../components/index.ts";
import { createTargetLists } from "../components/prometheus.ts";
import { furtherInstances, type Scale, withInstances } from "../components/scale.ts";
import { type Environment, readEnvironment, settingHashes } from "../env.ts";
import { httpAddress, type Ports } from "../ports.ts";
import { BUILDS_AT_ONCE } from "../programs/program.ts";
import { LabError, type Report } from "../terminal/messages.ts";
import { freePorts, takeOwnership } from "./ownership.ts";
import type { OwnedHosts } from "./separate-hosts.ts";
import { boundLogs, type ComponentRecord } from "./state-folder.ts";
import {
  RESTART_POLICY,
  type RestartPolicy,
  type StackContext,
  type SupervisedComponent,
  superviseComponent,
} from "./supervised-component.ts";

const SCRAPE_AFTER_MS = 120_000;

export interface StackOptions {
  readonly environment?: Environment;
  /** The folder for data, logs and pid files; default: the environment's. */
  readonly stateFolder?: string;
  readonly ports?: Ports;
  readonly components?: readonly Component[];
  /** How many instances of services to start: `{ "service-a": 3 }`. */
  readonly scale?: Scale;
  /**
   * Additional environment variables for single components, by component name:
   * `{ "service-a": { LOKI_URL: "http://127.0.0.1:1" } }`.
   */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly report?: Report;
  readonly restartPolicy?: RestartPolicy;
  /**
   * Prometheus scrapes a component as soon as it is ready, and at the latest after this time; if it is still not ready, it
   * counts as down. In milliseconds, from when its program was found or could not be obtained. Default: two minutes.
   */
  readonly scrapeAfterMs?: number;
  /** Whether the gateways require access tokens, which `lab token` prints (docs/authentication.md). */
  readonly auth?: boolean;
  /** Whether the services, the collector and Loki use TLS, with certificates that the launcher makes (docs/tls.md). */
  readonly tls?: boolean;
  /** Whether the client, the gateways and each service run on separate hosts (docs/separate-hosts.md). */
  readonly hosts?: boolean;
  /** A detached stack outlives its launcher, and has no guardian. */
  readonly mode?: "foreground" | "detached";
}

/** A stack that may be starting, running or stopping. */
export interface Stack {
  readonly stateFolder: string;
  readonly ports: Ports;
  readonly instances: FurtherInstances;
  /**
   * Starts everything at once; resolves when each component is ready, failed, or skipped (an optional program that is
   * not available).
   */
  readonly start: () => Promise<{ failed: readonly string[] }>;
  /** Adds one more component to a stack that runs. */
  readonly add: (component: Component) => Promise<void>;
  readonly components: () => readonly SupervisedComponent[];
  /** Returns a component of the stack. Throws a LabError if the name is unknown. */
  readonly component: (name: string) => SupervisedComponent;
  /** Stops everything in stop order: each component gets its grace period, or `graceMs`. Idempotent. */
  readonly down: (options?: { graceMs?: number }) => Promise<void>;
}

/**
 * Creates a stack in a state folder. This process then owns the folder and the ports.
 * @throws LabError if a stack is already running there, or a port is in use.
 */
export async function createStack(options: StackOptions = {}): Promise<Stack> {
  const { mode = "foreground", report = () => {} } = options;
  const environment = options.environment ?? readEnvironment();
  const { stateFolder, ports: givenPorts } = { ...environment, ...options };
  if (options.tls) assertOwnTls(environment);
  const ports: Ports = options.tls ? { ...givenPorts, usesTls: true } : givenPorts;
  const stopping = new AbortController();
  const tokenIssuer = options.auth ? issuerOf(environment, ports) : undefined;
  const instances = await furtherInstances(options.scale ?? {}, ports);
  const components = withInstances(options.components ?? COMPONENTS, instances);
  const ownership = await takeOwnership(stateFolder, {
    components,
    ports,
    instances,
    settings: settingHashes(environment),
    mode,
    tokenIssuer,
    report,
  });
  const { signal } = stopping;
  let hosts: OwnedHosts | undefined;
  let certificateChoices: CertificateChoices = {};
  let stopRenewal: (() => void) | undefined;
  let targets: ReturnType<typeof createTargetLists>;
  let faultToken: string;
  const note = (text: string) => report({ type: "note", text });
  try {
    if (options.hosts)
      hosts = await openHosts(stateFolder, { environment, components, ports, tokenIssuer, report, signal });
    if (tokenIssuer) await (await import("@lgtm-lab/issuer")).ensureKeys(stateFolder);
    // On other hosts, gateways, collector and Loki are called by their addresses.
    if (hosts)
      certificateChoices = {
        names: [hosts.addresses.machineAddress, ...Object.values(hosts.addresses.hosts)],
      };
    if (options.tls) {
      await makeCertificates(stateFolder, certificateChoices);
      trustCertificates(stateFolder, ports);
      stopRenewal = keepCertificatesValid(stateFolder, certificateChoices, note);
    }
    openPendingKills(stateFolder);
    targets = createTargetLists(stateFolder, components, ports, note);
    faultToken = makeFaultToken(stateFolder);
  } catch (error) {
    stopRenewal?.();
    try {
      await hosts?.remove();
    } finally {
      ownership.release();
    }
    throw error;
  }
  const context: StackContext = {
    root: REPOSITORY,
    stateFolder,
    ports,
    instances,
    hosts,
    environment,
    overrides: options.env ?? {},
    restartPolicy: options.restartPolicy ?? RESTART_POLICY,
    faultToken,
    tokenIssuer,
    hasPendingKill: (name) => name in readPendingKills(stateFolder),
    targets,
    scrapeAfterMs: options.scrapeAfterMs ?? SCRAPE_AFTER_MS,
    buildSlots: pLimit(BUILDS_AT_ONCE),
    report,
    signal,
  };

  const supervised = components.map((component) => superviseComponent(component, context));
  const names = () => supervised.map(({ component }) => component.name);
  const stopBoundingLogs = boundLogs(stateFolder, names);
  const stopWatchingPendingKills = watchPendingKills(stateFolder, (kills) => {
    for (const { component, record, kill } of supervised)
      if (component.name in kills && record().state === "ready") kill("SIGKILL");
  });
  let started = false;
  let ended: Promise<void> | undefined;

  async function start() {
    const outcomes = await Promise.allSettled(supervised.map(({ start }) => start()));
    stopping.signal.throwIfAborted();
    started = true;
    return { failed: names().filter((_, index) => outcomes[index]?.status === "rejected") };
  }

  async function add(component: Component) {
    const added = superviseComponent(component, context);
    supervised.push(added);
    await added.start();
  }

  function component(name: string) {
    const found = supervised.find(({ component }) => component.name === name);
    if (found) return found;
    throw new LabError(`Unknown component "${name}". In this stack: ${names().join(", ")}.`);
  }

  function down(how: { graceMs?: number } = {}): Promise<void> {
    if (ended && how.graceMs !== undefined) return stopAll(how); // the user does not want to wait
    ended ??= end(how);
    return ended;
  }

  async function end(how: { graceMs?: number }) {
    stopping.abort(new LabError("The stack is being stopped."));
    await stopAll(how);
    stopBoundingLogs();
    stopRenewal?.();
    stopWatchingPendingKills();
    closePendingKills(stateFolder);
    removeFaultToken(stateFolder);
    try {
      await hosts?.remove();
    } finally {
      ownership.release();
    }
  }

  /** In stop order. Before the start is complete there is no data to lose, so all stop at once. */
  async function stopAll(how: { graceMs?: number }) {
    const inOrder = STAGES.map((stage) => supervised.filter(({ component }) => component.stage === stage));
    for (const group of started ? inOrder : [supervised])
      await Promise.all(group.map(({ stop }) => stop(how)));
  }

  return { stateFolder, ports, instances, start, add, components: () => supervised, component, down };
}

/** Creates the separate hosts. Imported here, because a stack without `--hosts` does not need this code. */
const openHosts: typeof import("./separate-hosts.ts").openHosts = async (...options) =>
  await (await import("./separate-hosts.ts")).openHosts(...options);

/** Returns the issuer of access tokens: the console. Throws a LabError if the user's settings name another one. */
function issuerOf({ serviceSettings }: Environment, ports: Ports): string {
  const other = ["AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS_URL"].find((name) => name in serviceSettings);
  if (!other) return httpAddress(ports, "CONSOLE_PORT");
  throw new LabError(
    `${other} is set, but --auth uses the lab's own issuer. Unset the variable, or leave out --auth.`,
  );
}

/** Throws if the user sets UPSTREAM_TLS_*: the launcher sets these variables for its certificates. */
function assertOwnTls({ serviceSettings }: Environment): void {
  const other = Object.keys(serviceSettings).find((name) => name.startsWith("UPSTREAM_TLS_"));
  if (!other) return;
  throw new LabError(
    `${other} is set, but --tls uses the lab's own certificates. Unset the variable, or leave out --tls.`,
  );
}

export interface StartOptions extends Omit<StackOptions, "ports"> {
  /** `free`: free ports, for a stack beside another one. Default: the ports of the environment. */
  readonly ports?: Ports | "free";
}

/** A running stack. At the end of its start, each component was ready or skipped. */
export interface RunningStack {
  readonly stateFolder: string;
  readonly ports: Ports;
  readonly instances: FurtherInstances;
  /**
   * The address of a component's first port; for the services, that is the HTTP port. With TLS, it is https for the services,
   * the collector and Loki.
   */
  readonly address: (name: string) => string;
  /** Resolves when the component is ready again. Throws a LabError if it does not become ready. */
  readonly startComponent: (name: string) => Promise<void>;
  /**
   * Sends SIGTERM, and SIGKILL after the grace period. Resolves when it has ended. It stays stopped until `startComponent`.
   */
  readonly stopComponent: (name: string) => Promise<void>;
  /** Sends a signal, as another program could: if the component dies, the restart policy applies. */
  readonly killComponent: (name: string, signal?: NodeJS.Signals) => void;
  /** The process id; undefined while no process is running. */
  readonly pid: (name: string) => number | undefined;
  /** The state, the version, the restarts, and the reason of the last failure. */
  readonly record: (name: string) => ComponentRecord;
  /** Sets a fault, as `lab break` does; by default for five minutes. Throws a LabError if it cannot be set. */
  readonly setFault: (name: string, options?: { forMs?: number; instance?: number }) => Promise<void>;
  /** Ends one fault, or all. Returns the names of the faults that were active. */
  readonly endFaults: (name?: string) => Promise<string[]>;
  /** Every fault, and until when it is active. */
  readonly faults: () => Promise<FaultStatus[]>;
  /** Stops everything; resolves when no process is left. Idempotent. */
  readonly down: () => Promise<void>;
}

/**
 * Starts a stack in this process, which owns it: if this process is killed, the stack is stopped.
 * @throws LabError if a component fails to become ready; the others are stopped first. A skipped component is no
 * failure.
 */
export async function startStack({ ports, ...options }: StartOptions = {}): Promise<RunningStack> {
  const chosen = ports === "free" ? await freePorts() : ports;
  const stack = await createStack({ ...options, ...(chosen && { ports: chosen }) });
  const { failed } = await stack.start();
  if (failed.length > 0) {
    const reasons = failed.map((name) => stack.component(name).record().reason);
    await stack.down();
    throw new LabError(reasons.join("\n"));
  }
  const { stateFolder, down } = stack;
  const access = faultAccessOf(stack);
  return {
    stateFolder,
    ports: stack.ports,
    instances: stack.instances,
    address: (name) => {
      const { component } = stack.component(name);
      const [port] = component.ports;
      if (!port) throw new LabError(`${name} has no port.`);
      return httpAddress(portsOf(component, stack.ports), port);
    },
    startComponent: (name) => stack.component(name).start(),
    stopComponent: (name) => stack.component(name).stop(),
    killComponent: (name, signal = "SIGKILL") => stack.component(name).kill(signal),
    pid: (name) => stack.component(name).record().process?.pid,
    record: (name) => stack.component(name).record(),
    setFault: (name, options) => setFault(access, name, options),
    endFaults: (name) => endFaults(access, name),
    faults: () => listFaults(access),
    down,
  };
}
