import pWaitFor from "p-wait-for";
import type { Component } from "../components/component.ts";
import type { Ports, PortVariable } from "../ports.ts";
import { type ComponentState, readRecords } from "../supervisor/state-folder.ts";
import { messageOf } from "../terminal/messages.ts";
import type { Counters } from "./http.ts";
import { getText } from "./http.ts";

/** A problem and its fix. */
export interface Diagnosis {
  readonly cause: string;
  readonly fix: string;
}

/** The result of a check. If the state is `ok`, `problems` contains only notes. */
export type CheckResult =
  | { readonly state: "ok"; readonly detail: string; readonly problems: readonly Diagnosis[] }
  | { readonly state: "broken" | "lost"; readonly problems: readonly Diagnosis[] };

/** An instance of a service. */
export interface Service {
  /** The name of its component. */
  readonly name: string;
  /** Its `service_name`, which all instances of a service share. */
  readonly serviceName: string;
  readonly address: string;
}

/** The input of the hops: the addresses, the counters from before the probes, and the probes. */
export interface DoctorContext {
  /** Returns the address of a port, with a path. */
  readonly at: (port: PortVariable, path?: string) => string;
  readonly ports: Ports;
  readonly stateFolder: string;
  /** The components of the stack, with every instance of the services. */
  readonly components: readonly Component[];
  /** The trace id of the items that the doctor itself sends by OTLP. */
  readonly id: string;
  readonly services: readonly Service[];
  /** Counters from before the probes were sent; empty for a component that did not respond. */
  readonly before: (name: string, matching?: (labels: string) => boolean) => Counters;
  /** Requests that reach every service. */
  readonly probes: readonly Probe[];
}

/** A request whose telemetry is followed to the backends. */
export interface Probe {
  readonly url: string;
  /** The services that it crosses; each must produce spans and log lines. */
  readonly crosses: readonly string[];
  /** The `x-trace-id` of the response, if there is one. */
  readonly traceId: string | undefined;
  /** The error, if the response is not a 200 with a trace id. */
  readonly problem: string | undefined;
}

/** One step on the path of a signal. Its check assumes only that the hops before it work. */
export interface Hop {
  readonly name: string;
  readonly check: (context: DoctorContext) => Promise<CheckResult>;
}

/**
 * - `ok`: works. `problems` are then notes: nothing is lost, but a user should know.
 * - `lost`: works now, but has lost data in the last 10 minutes.
 * - `broken`: does not work; the hops behind it are `not reached`.
 */
export interface HopResult {
  readonly signal: string;
  readonly hop: string;
  readonly state: "ok" | "lost" | "broken" | "not reached";
  /** The detail of a hop that works, otherwise all causes in one line. */
  readonly text: string;
  /** All fixes in one line. */
  readonly fix: string | null;
  readonly problems: readonly Diagnosis[];
  readonly seconds: number;
}

const POLL_MS = 100;

/** Checks the hops of a signal in order. Those behind the first broken one are not reached. */
export async function checkHops(
  signal: string,
  hops: readonly Hop[],
  context: DoctorContext,
): Promise<HopResult[]> {
  const results: HopResult[] = [];
  for (const { name, check } of hops) {
    if (results.at(-1)?.state === "broken" || results.at(-1)?.state === "not reached") {
      results.push({
        signal,
        hop: name,
        state: "not reached",
        text: "",
        fix: null,
        problems: [],
        seconds: 0,
      });
      continue;
    }
    const began = Date.now();
    const result = await check(context).catch(unexpected);
    const seconds = (Date.now() - began) / 1000;
    results.push({ signal, hop: name, seconds, ...summaryOf(result) });
  }
  return results;
}

function summaryOf(result: CheckResult): Pick<HopResult, "state" | "text" | "fix" | "problems"> {
  const { state, problems } = result;
  if (state === "ok") return { state, text: result.detail, fix: null, problems };
  const join = (texts: readonly string[]) => [...new Set(texts)].join("; ");
  return {
    state,
    text: join(problems.map(({ cause }) => cause)),
    fix: join(problems.map(({ fix }) => fix)),
    problems,
  };
}

function unexpected(error: unknown): CheckResult {
  return broken(`cannot be checked: ${messageOf(error)}`, "npx lab status shows the state of each component");
}

/** Returns the result for a hop that works, with notes. */
export const fine = (detail: string, notes: readonly Diagnosis[] = []): CheckResult => ({
  state: "ok",
  detail,
  problems: notes,
});
/** Returns the result for a hop that does not work. */
export const broken = (cause: string, fix: string): CheckResult => allBroken([{ cause, fix }]);
/** Returns the result for several problems at one hop. */
export const allBroken = (problems: readonly Diagnosis[]): CheckResult => ({ state: "broken", problems });
/** Returns the result for a hop that works but has lost data. */
export const lost = (problems: readonly Diagnosis[]): CheckResult => ({ state: "lost", problems });

/** Repeats a check until its result is ok or the time limit is reached. Returns the last result. */
export async function waitUntilOk(
  milliseconds: number,
  check: () => Promise<CheckResult>,
): Promise<CheckResult> {
  let last: CheckResult = broken("not checked", "");
  await pWaitFor(
    async () => {
      last = await check().catch(unexpected);
      return last.state === "ok";
    },
    { interval: POLL_MS, timeout: { milliseconds, fallback: () => false } },
  );
  return last;
}

/** Checks that a component's ready URL responds with 200. */
export function readyHop(component: string, port: PortVariable, path: string): Hop {
  return {
    name: `${component} is ready`,
    check: async ({ at, stateFolder }) => {
      try {
        await getText(at(port, path));
        return fine(at(port));
      } catch (error) {
        return allBroken([starting(stateFolder, component) ?? notReady(component, error)]);
      }
    },
  };
}

/** Returns the problem of a component that does not respond. */
export const notReady = (component: string, cause: unknown): Diagnosis => ({
  cause: cause instanceof Error ? cause.message : String(cause),
  fix: `npx lab logs ${component} shows why; npx lab down && npx lab up -d starts it again`,
});

const START_PHASES: Partial<Record<ComponentState, string>> = {
  waiting: "has not started yet",
  resolving: "is still being downloaded or built",
  starting: "is starting",
};

/** Returns the problem of a component that is still being obtained or started; undefined after that. */
export function starting(stateFolder: string, component: string): Diagnosis | undefined {
  const record = readRecords(stateFolder).find(({ name }) => name === component);
  const phase = record && START_PHASES[record.state];
  return phase
    ? {
        cause: `${component} ${phase}`,
        fix: `wait; npx lab status and the output of npx lab up or npm start show the progress`,
      }
    : undefined;
}
