import assert from "node:assert/strict";

/** One way through the system: a gateway, the protocol behind it, a request, and the service that answers it. */
export interface Way {
  gateway: "gateway" | "gateway-rest";
  via: "gRPC" | "REST";
  path: string;
  route: "/a/hello" | "/b/numbers";
  service: "service-a" | "service-b";
}

/** The lab's four ways through the system: two routes over two gateways. */
export const WAYS: readonly Way[] = [
  { gateway: "gateway", via: "gRPC", path: "/a/hello?name=Ana", route: "/a/hello", service: "service-a" },
  {
    gateway: "gateway",
    via: "gRPC",
    path: "/b/numbers?count=3&delay_ms=5",
    route: "/b/numbers",
    service: "service-b",
  },
  {
    gateway: "gateway-rest",
    via: "REST",
    path: "/a/hello?name=Ana",
    route: "/a/hello",
    service: "service-a",
  },
  {
    gateway: "gateway-rest",
    via: "REST",
    path: "/b/numbers?count=3&delay_ms=5",
    route: "/b/numbers",
    service: "service-b",
  },
];

/** One answer, read to its end. */
export interface Answer {
  traceId: string;
  status: number;
  headers: Headers;
  text: string;
  json: () => unknown;
}

/** Sends one GET, reads the whole answer, and insists on its trace id. */
export async function call(base: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(base + path, init);
  const text = await answer.text();
  const traceId = answer.headers.get("x-trace-id") ?? "";
  assert.match(traceId, /^[0-9a-f]{32}$/, `${path} answered ${answer.status} without a trace id: ${text}`);
  return { traceId, status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
}
