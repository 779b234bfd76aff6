import { randomBytes } from "node:crypto";
import {
  type FurtherInstances,
  instanceName,
  portsOfInstances,
  rootCause,
  SAMPLE_REQUESTS,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
} from "@lgtm-lab/contracts";
import { COMPONENTS } from "../components/index.ts";
import { withInstances } from "../components/scale.ts";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { alerts } from "./alerts.ts";
import { checkHops, type DoctorContext, type Hop, type HopResult, type Probe, type Service } from "./hop.ts";
import { getText, PROBE_TIMEOUT_MS, parseCounters } from "./http.ts";
import { lossHops } from "./losses.ts";
import { otlpHops } from "./otlp.ts";
import { logs, metrics, traces } from "./service-signals.ts";
import { targets } from "./targets.ts";

const SIGNALS: Readonly<Record<string, readonly Hop[]>> = {
  traces,
  metrics,
  logs,
  alerts,
  "OTLP traces": otlpHops("traces"),
  "OTLP metrics": otlpHops("metrics"),
  "OTLP logs": otlpHops("logs"),
  "scrape targets": targets,
};

/**
 * Sends requests and OTLP items and follows every signal to its backend. Then reads the losses of the last 10 minutes,
 * which include lost items of this check.
 * @returns a result for every hop, signal by signal, in the order of its path.
 */
export async function diagnose({ token, ...stack }: ExaminedStack): Promise<HopResult[]> {
  const context = await createContext(stack, token);
  const checks = Object.entries(SIGNALS).map(([signal, hops]) => checkHops(signal, hops, context));
  const results = (await Promise.all(checks)).flat();
  return [...results, ...(await checkHops("losses", lossHops(), context))];
}

/** The stack that the doctor examines. */
interface ExaminedStack {
  readonly ports: Ports;
  /** The instances that `--scale` added. */
  readonly instances?: FurtherInstances | undefined;
  readonly stateFolder: string;
  /** An access token for the gateways, if they require one. */
  readonly token?: string | undefined;
}

/** Reads the counters, then sends the probes whose traces, points and lines the hops look for. */
async function createContext(
  { ports, instances = {}, stateFolder }: Omit<ExaminedStack, "token">,
  token: string | undefined,
): Promise<DoctorContext> {
  const at = (port: PortVariable, path = "") => httpAddress(ports, port) + path;
  const services = SERVICE_NAMES.flatMap((serviceName) =>
    portsOfInstances(serviceName, ports, instances).map((own, index) => ({
      name: instanceName(serviceName, index + 1),
      serviceName,
      address: httpAddress(own, SERVICES[serviceName].ports.http.variable),
    })),
  );
  const pages = [...services, { name: "otelcol", address: at("OTELCOL_METRICS_PORT") }];
  const texts = new Map(
    await Promise.all(
      pages.map(async ({ name, address }) => {
        const page = await getText(`${address}/metrics`).catch(() => ({ body: "" }));
        return [name, page.body] as const;
      }),
    ),
  );
  const before: DoctorContext["before"] = (name, matching) => parseCounters(texts.get(name) ?? "", matching);
  const probes = await sendProbes(services, token, { direct: !ports.usesTls });
  const id = randomBytes(16).toString("hex");
  const components = withInstances(COMPONENTS, instances);
  return { ports, stateFolder, components, id, services, at, before, probes };
}

/**
 * Sends requests that reach every service. None carries trace context, so each starts a trace. A request to a gateway
 * reaches one of several instances, so each of these also gets one itself; with `direct: false` they do not, because they
 * accept requests of the gateways only.
 */
async function sendProbes(
  services: readonly Service[],
  token: string | undefined,
  { direct }: { direct: boolean },
): Promise<Probe[]> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const toFirst = SAMPLE_REQUESTS.map(({ to, path, crosses }) => {
    const { address = "" } = services.find(({ serviceName }) => serviceName === to) ?? {};
    return { url: address + path, crosses };
  });
  const bySeveral = Map.groupBy(services, ({ serviceName }) => serviceName);
  const toEach = [...bySeveral].flatMap(([serviceName, all]) => {
    const entry = SERVICES[serviceName as ServiceName];
    if (!direct || all.length === 1 || entry.role !== "service") return [];
    return all.map(({ address }) => ({ url: address + entry.sample, crosses: [serviceName] }));
  });
  const planned = [...toFirst, ...toEach];
  return await Promise.all(planned.map(async (probe) => ({ ...probe, ...(await send(probe.url, headers)) })));
}

async function send(
  url: string,
  headers: Record<string, string>,
): Promise<Pick<Probe, "traceId" | "problem">> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const body = await response.text();
    const traceId = response.headers.get("x-trace-id") ?? undefined;
    if (response.status !== 200) return { traceId, problem: `${response.status} ${body.slice(0, 200)}` };
    return { traceId, problem: traceId ? undefined : "no x-trace-id in the response" };
  } catch (error) {
    return { traceId: undefined, problem: rootCause(error).message };
  }
}
