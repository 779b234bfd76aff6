import { failureReason } from "@lgtm-lab/contracts";
import { type Call, CallEnded, Problem } from "@lgtm-lab/service-runtime";
import type { Env } from "../env.ts";

/** A program that the console sends requests to. */
export interface Backend {
  /** The component's name in the `lab` command. */
  readonly name: string;
  readonly title: string;
  readonly address: string;
  /** The path that answers 200 if the program is ready. */
  readonly ready: string;
}

/** All backends. */
export function backendsOf(env: Env) {
  return {
    gateway: {
      name: "gateway",
      title: "The gateway in front of gRPC",
      address: env.GATEWAY_URL,
      ready: "/readyz",
    },
    gatewayRest: {
      name: "gateway-rest",
      title: "The gateway in front of REST",
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
  } as const satisfies Record<string, Backend>;
}

/** How to fix a backend that is down. The lab restarts components, so the first step is to look for the cause. */
export const fixOf = ({ name }: Pick<Backend, "name">): string =>
  `\`npx lab status\` shows what runs, \`npx lab logs ${name}\` shows its log, and \`npm start\` starts the lab.`;

/**
 * The error for the client when a request to a backend failed: 503 if the backend cannot be reached, 504 if it is too
 * slow, 502 if it closed the connection during its answer. If the console ended the request, the reason for that.
 */
export function failureOf(
  error: unknown,
  backend: Backend,
  call: Pick<Call, "signal">,
  { answered }: { answered: boolean },
): unknown {
  if (error instanceof Problem) return error;
  const { title, address } = backend;
  const { reason } = call.signal;
  if (reason instanceof CallEnded) {
    if (reason.why !== "deadline") return reason;
    const detail = `${title} (${address}) did not answer in time. ${fixOf(backend)}`;
    return new Problem("backend-too-slow", detail, { cause: error });
  }
  const why = failureReason(error);
  if (answered) {
    const detail = `${title} (${address}) broke off its answer: ${why}.`;
    return new Problem("backend-broken", detail, { cause: error });
  }
  const detail = `${title} cannot be reached at ${address} (${why}). ${fixOf(backend)}`;
  return new Problem("backend-down", detail, { cause: error });
}

/** How long a backend may take to say whether it is up, in milliseconds. */
export const PROBE_MS = 500;

/** Whether Grafana answers at this address within half a second. */
export async function grafanaRuns(address: string): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/api/health`, {
      signal: AbortSignal.timeout(PROBE_MS),
      redirect: "error",
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // most users have no Grafana, so this is not an error
  }
}
