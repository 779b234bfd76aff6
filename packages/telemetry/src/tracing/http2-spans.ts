import type { Server } from "node:http";
import type { Instrumentation } from "@opentelemetry/instrumentation";

/** `emit` of a server. */
export type Emit = (this: Server, event: string, ...args: unknown[]) => unknown;

/** The part of instrumentation-http 0.300 that creates server spans. It is private, so the version is pinned. */
export interface IncomingRequests {
  _incomingRequestFunction(component: "http" | "https", emit: Emit): Emit;
}

/** How the server spans of this process are made. Undefined if requests are not traced. */
export const incomingRequests: { wrap?: (emit: Emit) => Emit } = {};

/** Lets servers that the http instrumentation does not see make spans as it does. Call it after it was optimized. */
export function useIncomingRequests(instrumentation: Instrumentation): void {
  const http = instrumentation as Instrumentation & Partial<IncomingRequests>;
  if (http.instrumentationName !== "@opentelemetry/instrumentation-http") return;
  incomingRequests.wrap = (emit) => {
    if (typeof http._incomingRequestFunction !== "function")
      throw new Error("instrumentation-http has changed: HTTP/2 requests cannot be traced.");
    return http._incomingRequestFunction("https", emit);
  };
}
