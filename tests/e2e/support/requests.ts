import assert from "node:assert/strict";
import {
  GATEWAY_NAMES,
  type GatewayName,
  INTERNAL_SERVICE_NAMES,
  type InternalServiceName,
  SERVICES,
} from "@lgtm-lab/contracts";

/** A way through the system: a gateway, the protocol behind it, a request, and the service that answers it. */
export interface Way {
  gateway: GatewayName;
  protocol: "gRPC" | "REST";
  path: string;
  route: (typeof SERVICES)[InternalServiceName]["route"];
  service: InternalServiceName;
}

/** The ways through the system: each route over each gateway. */
export const WAYS: readonly Way[] = GATEWAY_NAMES.flatMap((gateway) =>
  INTERNAL_SERVICE_NAMES.filter((name) => SERVICES[name].behindGateways).map((service) => ({
    gateway,
    protocol: SERVICES[gateway].protocol === "grpc" ? ("gRPC" as const) : ("REST" as const),
    path: SERVICES[service].sample,
    route: SERVICES[service].route,
    service,
  })),
);

/** One response, read to its end. */
export interface Answer {
  traceId: string;
  status: number;
  headers: Headers;
  text: string;
  json: () => unknown;
}

/** Sends one GET, reads the whole response, and asserts that it has a trace id. */
export async function call(base: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(base + path, init);
  const text = await answer.text();
  const traceId = answer.headers.get("x-trace-id") ?? "";
  assert.match(
    traceId,
    /^[0-9a-f]{32}$/,
    `${path} responded with ${answer.status} without a trace id: ${text}`,
  );
  return { traceId, status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
}
