import type { PortVariable } from "../ports.ts";
import { readRecords, type State } from "../supervisor/records.ts";
import type { Examination, Service } from "./examination.ts";
import { allBroken, broken, type Finding, fine, type Hop, type Problem, waitUntilOk } from "./hop.ts";
import { getCounters, getText } from "./http.ts";

const DELIVERY_MS = 5000;

/** Checks that a component's ready URL responds with 200. */
export function readyHop(component: string, port: PortVariable, path: string): Hop {
  return {
    name: `${component} is ready`,
    check: async ({ at, state }) => {
      try {
        await getText(at(port, path));
        return fine(at(port));
      } catch (error) {
        return allBroken([starting(state, component) ?? notReady(component, error)]);
      }
    },
  };
}

const notReady = (component: string, cause: unknown): Problem => ({
  cause: cause instanceof Error ? cause.message : String(cause),
  fix: restart(component),
});

const STARTING: Partial<Record<State, string>> = {
  waiting: "is about to be started",
  resolving: "is still being downloaded or built",
  starting: "is starting",
};

/** The problem of a component that is still being obtained or started; undefined after that. */
export function starting(state: string, component: string): Problem | undefined {
  const record = readRecords(state).find(({ name }) => name === component);
  const what = record && STARTING[record.state];
  return what
    ? {
        cause: `${component} ${what}`,
        fix: `wait; npx lab status and the output of the start show the progress`,
      }
    : undefined;
}

/** Checks that all four services serve their metrics page. */
export const servicesHop: Hop = {
  name: "services answer",
  check: async ({ services, state }) => {
    const pages = await Promise.allSettled(services.map(({ address }) => getText(`${address}/metrics`)));
    const problems = pages.flatMap((page, index) => {
      const name = services[index]?.name ?? "";
      if (page.status === "fulfilled") return [];
      return [starting(state, name) ?? notReady(name, `${name}: ${page.reason.message}`)];
    });
    if (problems.length > 0) return allBroken(problems);
    return fine(services.map(({ name }) => name).join(", "));
  },
};

/** Checks that a request passes through each gateway to each service. */
export const probesHop: Hop = {
  name: "requests go through",
  check: async ({ probes }) => {
    const failed = probes.find(({ problem }) => problem);
    if (!failed) return fine(`${probes.length} requests, each answered with its x-trace-id`);
    return broken(
      `${failed.url}: ${failed.problem}`,
      failed.crosses.map((name) => `npx lab logs ${name}`).join("; "),
    );
  },
};

/** How a service sends one signal, and the metrics about that. */
export interface Transport {
  readonly hop: string;
  readonly what: string;
  readonly delivered: string;
  readonly dropped: string;
  readonly queue: string;
  /** The variable with the address, and its required value. */
  readonly address: (exam: Examination) => string;
  /** The variable that can disable the signal of a service. */
  readonly silence: string;
}

/** Checks that each service has delivered something since the probes, and has dropped nothing. */
export function transportHop(transport: Transport): Hop {
  return {
    name: transport.hop,
    check: async (exam) => {
      const findings = await Promise.all(
        exam.services.map((service) => waitUntilOk(DELIVERY_MS, () => delivery(transport, service, exam))),
      );
      const problems = findings.flatMap((finding) => (finding.state === "ok" ? [] : finding.problems));
      if (problems.length > 0) return allBroken(problems);
      return fine(`every service has delivered ${transport.what} since the probes, none dropped`);
    },
  };
}

async function delivery(
  transport: Transport,
  { name, address }: Service,
  exam: Examination,
): Promise<Finding> {
  const { what, delivered, dropped, queue, silence } = transport;
  const now = await getCounters(`${address}/metrics`);
  const since = (metric: string) => (now.get(metric) ?? 0) - (exam.before(name).get(metric) ?? 0);
  const waiting = now.get(queue) ?? 0;
  const fix = `${name} needs ${transport.address(exam)}; npx lab logs ${name}`;
  if (since(dropped) > 0) return broken(`${name} has just dropped ${since(dropped)} ${what}`, fix);
  if (since(delivered) > 0) return fine(`${since(delivered)}`);
  if (waiting > 0) return broken(`${name} cannot deliver: ${waiting} ${what} wait`, fix);
  return broken(`${name} has created no ${what} for the probes`, `${silence}; npx lab logs ${name}`);
}

/** Returns how to restart a component. */
export function restart(component: string): string {
  return `npx lab logs ${component} shows why; npx lab down && npx lab up -d starts it again`;
}
