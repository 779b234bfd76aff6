import type { Interceptor, ServerInterceptor } from "@grpc/grpc-js";
import { type RpcSide, zeroMethod } from "../metrics/rpc.ts";
import { isInfrastructure, methodName } from "./call.ts";
import { observeClientCall } from "./client.ts";
import { observeServerCall } from "./server.ts";

/** For `new Server({ interceptors })`: metrics and one access log line per call, except for health and reflection. */
export const serverInterceptors = (): ServerInterceptor[] => [observeServerCall];

/** For `new XClient(address, credentials, { interceptors })`: metrics, and a log line for each failed call. */
export const clientInterceptors = (): Interceptor[] => [observeClientCall];

/**
 * Starts the series of every method of a service at 0. The definition is one that ts-proto or proto-loader generates.
 */
export function initRpcMethods(
  side: RpcSide,
  service: Record<string, { path: string; requestStream: boolean; responseStream: boolean }>,
): void {
  for (const { path, requestStream, responseStream } of Object.values(service))
    if (!isInfrastructure(path)) zeroMethod(side, methodName(path), requestStream || responseStream);
}
