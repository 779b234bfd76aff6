import assert from "node:assert/strict";
import {
  GATEWAY_NAMES,
  type GatewayName,
  INTERNAL_SERVICE_NAMES,
  type InternalServiceName,
  SERVICES,
} from "@lgtm-lab/contracts";

/** A request to a gateway, and what handles it: the protocol behind the gateway, and the service. */
export interface GatewayRequest {
  gateway: GatewayName;
  protocol: "gRPC" | "REST";
  path: string;
  route: (typeof SERVICES)[InternalServiceName]["route"];
  service: InternalServiceName;
}

/** One request for each route and gateway. */
export const GATEWAY_REQUESTS: readonly GatewayRequest[] = GATEWAY_NAMES.flatMap((gateway) =>
  INTERNAL_SERVICE_NAMES.filter((name) => SERVICES[name].behindGateways).map((service) => ({
    gateway,
    protocol: SERVICES[gateway].protocol === "grpc" ? ("gRPC" as const) : ("REST" as const),
    path: SERVICES[service].sample,
    route: SERVICES[service].route,
    service,
  })),
);

/** One response, read to its end. */
export interface CallResult {
  traceId: string;
  status: number;
  headers: Headers;
  text: string;
  json: () => unknown;
}

/** Sends one GET, reads the whole response, and asserts that it has a trace id. */
export async function call(base: string, path: string, init: RequestInit = {}): Promise<CallResult> {
  const response = await fetch(base + path, init);
  const text = await response.text();
  const traceId = response.headers.get("x-trace-id") ?? "";
  assert.match(
    traceId,
    /^[0-9a-f]{32}$/,
    `${path} responded with ${response.status} without a trace id: ${text}`,
  );
  return { traceId, status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

/** Sends one request per route through the console, as its page does, and asserts that each succeeds. */
export async function callThroughConsole(console: string): Promise<void> {
  const { token } = (await (await fetch(`${console}/api/config`)).json()) as { token: string };
  for (const path of ["/api/try/a/hello?backend=rest&name=Ana", "/api/try/b/numbers?backend=grpc&count=2"]) {
    const response = await fetch(console + path, { method: "POST", headers: { "x-lab-token": token } });
    assert.equal(response.status, 200, await response.text());
  }
}
