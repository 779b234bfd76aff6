/** `@lgtm-lab/service-runtime/tls`: separate, and loaded only if TLS is on, so that it costs nothing otherwise. */
import type { MiddlewareHandler } from "hono";
import { TlsCredentials } from "./credentials.ts";
import { type GrpcTls, grpcTls } from "./grpc.ts";
import { type HttpTls, httpTls, requireClientCertificate } from "./http.ts";
import type { TlsFiles } from "./settings.ts";

export * from "./credentials.ts";
export * from "./grpc.ts";
export * from "./http.ts";
export * from "./listener.ts";
export * from "./observe.ts";

/** What the servers of a service need so that only certain clients can call it. */
export interface MutualTls {
  readonly grpc: GrpcTls;
  readonly http: HttpTls;
  readonly credentials: TlsCredentials;
  /** Refuses HTTP requests of clients without a certificate. Mount it after health and metrics. */
  readonly guard: MiddlewareHandler;
}

/**
 * Returns what the servers of a service need to accept only clients whose certificate has one of the names. Throws if a
 * file cannot be used.
 */
export function mutualTls(files: TlsFiles, clients: readonly string[]): MutualTls {
  const credentials = new TlsCredentials({ files, role: "server" });
  return {
    credentials,
    grpc: grpcTls(credentials, { clients }),
    http: httpTls(credentials, { clients }),
    guard: requireClientCertificate(),
  };
}
