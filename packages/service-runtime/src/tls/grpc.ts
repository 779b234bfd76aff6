import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import type { ConnectionInjector, ServerOptions } from "@grpc/grpc-js";
import { CALL_BUDGET_MAX_MS } from "@lgtm-lab/contracts";
import type { TlsCredentials } from "./credentials.ts";
import { afterChange, MAX_CONNECTION_MS } from "./http.ts";
import { tlsListener } from "./listener.ts";

/** What a gRPC server needs to use TLS. */
export interface GrpcTls {
  readonly serverOptions: ServerOptions;
  /**
   * Listens, and passes the connections of accepted clients to the gRPC server. After each change of the certificate, the old
   * injector is destroyed, so that clients reconnect. A destroyed injector also closes connections that it gets later, so
   * they need a new one. Throws the error of `listen`.
   */
  listen(host: string, port: number, newInjector: () => ConnectionInjector): Promise<GrpcTlsListener>;
}

/** A socket that listens. */
export interface GrpcTlsListener {
  readonly port: number;
  /**
   * Accepts no new connections, and closes those whose handshake is not complete. Resolves when all others are closed.
   */
  close(): Promise<void>;
}

/**
 * Returns what a gRPC server needs to use TLS, for clients whose certificate has one of the names. It does not use the
 * TLS of grpc-js, which does not check the names of clients, and does not report why it refuses one.
 */
export function grpcTls(credentials: TlsCredentials, { clients }: { clients: readonly string[] }): GrpcTls {
  const { options, attach } = tlsListener({ credentials, clients, protocols: ["h2"] });
  return {
    serverOptions: {
      "grpc.max_connection_age_ms": MAX_CONNECTION_MS,
      "grpc.max_connection_age_grace_ms": CALL_BUDGET_MAX_MS,
    },
    async listen(host, port, newInjector) {
      let injector = newInjector();
      const listener = createServer(options);
      const handshakes = attach(listener, (socket) => injector.injectConnection(socket));
      afterChange(credentials, () => {
        const old = injector;
        injector = newInjector();
        old.destroy(); // its calls that run are completed
      });
      listener.listen({ host, port });
      await once(listener, "listening");
      return {
        port: (listener.address() as AddressInfo).port,
        close() {
          const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
          handshakes.close();
          return closed;
        },
      };
    },
  };
}
