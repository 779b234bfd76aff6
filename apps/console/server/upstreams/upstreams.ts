import { failureReason } from "@lgtm-lab/contracts";
import { type Call, CallEnded, Problem } from "@lgtm-lab/service-runtime";
import type { Env } from "../env.ts";

/** A program that the console sends requests to: a gateway or a backend (Prometheus, Tempo, Loki, Alertmanager). */
export interface Upstream {
  /** The component's name in the `lab` command. */
  readonly name: string;
  readonly title: string;
  readonly address: string;
  /** The path of the readiness endpoint, which responds with 200. */
  readonly ready: string;
}

/** Returns all upstreams with their addresses. */
export function upstreamsOf(env: Env) {
  return {
    gateway: {
      name: "gateway",
      title: "The gateway (gRPC)",
      address: env.GATEWAY_URL,
      ready: "/readyz",
    },
    gatewayRest: {
      name: "gateway-rest",
      title: "The gateway (REST)",
      address: env.GATEWAY_REST_URL,
      ready: "/readyz",
    },
    prometheus: {
      name: "prometheus",
      title: "Prometheus",
      address: env.PROMETHEUS_URL,
      ready: "/-/ready",
    },
    tempo: { name: "tempo", title: "Tempo", address: env.TEMPO_URL, ready: "/ready" },
    loki: { name: "loki", title: "Loki", address: env.CONSOLE_LOKI_URL, ready: "/ready" },
    alertmanager: {
      name: "alertmanager",
      title: "Alertmanager",
      address: env.ALERTMANAGER_URL,
      ready: "/-/ready",
    },
  } as const satisfies Record<string, Upstream>;
}

/**
 * Returns what to do if an upstream is down: first find the cause in its state and log, because the lab already tries to
 * restart it.
 */
export const fixOf = ({ name }: Pick<Upstream, "name">): string =>
  `\`npx lab status\` shows the state of each component, \`npx lab logs ${name}\` shows its log, and \`npm start\` starts the lab.`;

/**
 * Converts the error of a request to an upstream to the error for the client: 503 if the upstream is unreachable, 504
 * after a timeout, 502 if the upstream closed the connection during its response. If the console cancelled the request,
 * returns the reason for that.
 */
export function failureOf(
  error: unknown,
  upstream: Upstream,
  call: Pick<Call, "signal">,
  { responded }: { responded: boolean },
): unknown {
  if (error instanceof Problem) return error;
  const { title, address } = upstream;
  const { reason: ended } = call.signal;
  if (ended instanceof CallEnded) {
    if (ended.reason !== "deadline") return ended;
    const detail = `${title} (${address}) did not respond in time. ${fixOf(upstream)}`;
    return new Problem("backend-too-slow", detail, { cause: error });
  }
  const why = failureReason(error);
  if (responded) {
    const detail = `${title} (${address}) closed the connection during its response: ${why}.`;
    return new Problem("backend-broken", detail, { cause: error });
  }
  const detail = `${title} cannot be reached at ${address} (${why}). ${fixOf(upstream)}`;
  return new Problem("backend-down", detail, { cause: error });
}

/** Timeout of a readiness probe, in milliseconds. */
export const PROBE_MS = 500;

/** Returns whether Grafana responds at this address within {@link PROBE_MS}. */
export async function isGrafanaRunning(address: string): Promise<boolean> {
  try {
    const response = await fetch(`${address}/api/health`, {
      signal: AbortSignal.timeout(PROBE_MS),
      redirect: "error",
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // Grafana is optional, so this is not an error
  }
}
