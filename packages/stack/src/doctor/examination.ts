import { randomBytes } from "node:crypto";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { type Counters, parseCounters } from "./counters.ts";
import { getText } from "./http.ts";
import { type Probe, sendProbes } from "./probe.ts";

export interface Service {
  readonly name: string;
  readonly address: string;
}

/** What the hops look at: the addresses, the counters as they were before the probes, and the probes. */
export interface Examination {
  readonly ports: Ports;
  readonly state: string;
  /** The trace id of what the doctor itself sends by OTLP. */
  readonly id: string;
  readonly services: readonly Service[];
  readonly at: (port: PortVariable, path?: string) => string;
  /** Counters as they were before the probes were sent; empty for who did not answer. */
  readonly before: (name: string, matching?: (labels: string) => boolean) => Counters;
  /** Four requests: each route over each gateway. */
  readonly probes: readonly Probe[];
}

const SERVICE_PORTS: Readonly<Record<string, PortVariable>> = {
  gateway: "GATEWAY_PORT",
  "gateway-rest": "GATEWAY_REST_PORT",
  "service-a": "SERVICE_A_HTTP_PORT",
  "service-b": "SERVICE_B_HTTP_PORT",
};

/** Takes note of the counters, then sends the probes whose traces, points and lines the hops look for. */
export async function examine(ports: Ports, state: string): Promise<Examination> {
  const at = (port: PortVariable, path = "") => httpAddress(ports, port) + path;
  const services = Object.entries(SERVICE_PORTS).map(([name, port]) => ({ name, address: at(port) }));
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
  const probes = await sendProbes({ gateway: at("GATEWAY_PORT"), "gateway-rest": at("GATEWAY_REST_PORT") });
  const id = randomBytes(16).toString("hex");
  return { ports, state, id, services, at, before, probes };
}
