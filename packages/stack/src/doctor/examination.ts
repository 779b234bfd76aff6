import { randomBytes } from "node:crypto";
import { rootCause, SAMPLE_REQUESTS, SERVICE_NAMES, SERVICES, type ServiceName } from "@lgtm-lab/contracts";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { type Counters, getText, parseCounters } from "./http.ts";

export interface Service {
  readonly name: string;
  readonly address: string;
}

/** The input of the hops: the addresses, the counters from before the probes, and the probes. */
export interface Examination {
  readonly ports: Ports;
  readonly state: string;
  /** The trace id of the items that the doctor itself sends by OTLP. */
  readonly id: string;
  readonly services: readonly Service[];
  readonly at: (port: PortVariable, path?: string) => string;
  /** Counters from before the probes were sent; empty for a component that did not respond. */
  readonly before: (name: string, matching?: (labels: string) => boolean) => Counters;
  /** Requests that reach every service. */
  readonly probes: readonly Probe[];
}

/** Reads the counters, then sends the probes whose traces, points and lines the hops look for. */
export async function examine(ports: Ports, state: string): Promise<Examination> {
  const at = (port: PortVariable, path = "") => httpAddress(ports, port) + path;
  const addressOf = (name: ServiceName) => at(SERVICES[name].ports.http.variable);
  const services = SERVICE_NAMES.map((name) => ({ name, address: addressOf(name) }));
  const pages = [...services, { name: "otelcol", address: at("OTELCOL_METRICS_PORT") }];
  const texts = new Map(
    await Promise.all(
      pages.map(async ({ name, address }) => {
        const page = await getText(`${address}/metrics`).catch(() => ({ body: "" }));
        return [name, page.body] as const;
      }),
    ),
  );
  const before: Examination["before"] = (name, matching) => parseCounters(texts.get(name) ?? "", matching);
  const probes = await sendProbes(addressOf);
  const id = randomBytes(16).toString("hex");
  return { ports, state, id, services, at, before, probes };
}

/** A request whose telemetry is followed to the stores. */
export interface Probe {
  readonly url: string;
  /** The services that it crosses; each must produce spans and log lines. */
  readonly crosses: readonly string[];
  /** The `x-trace-id` of the response, if there is one. */
  readonly traceId: string | undefined;
  /** The error, if the response is not a 200 with a trace id. */
  readonly problem: string | undefined;
}

const ANSWER_MS = 5000;

/** Sends requests that reach every service. None carries trace context, so each starts a trace. */
export async function sendProbes(addressOf: (name: ServiceName) => string): Promise<Probe[]> {
  const planned = SAMPLE_REQUESTS.map(({ to, path, crosses }) => ({ url: addressOf(to) + path, crosses }));
  return await Promise.all(planned.map(async (probe) => ({ ...probe, ...(await send(probe.url)) })));
}

async function send(url: string): Promise<Pick<Probe, "traceId" | "problem">> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const body = await response.text();
    const traceId = response.headers.get("x-trace-id") ?? undefined;
    if (response.status !== 200) return { traceId, problem: `${response.status} ${body.slice(0, 200)}` };
    return { traceId, problem: traceId ? undefined : "no x-trace-id in the answer" };
  } catch (error) {
    return { traceId: undefined, problem: rootCause(error).message };
  }
}
