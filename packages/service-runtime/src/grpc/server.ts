import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { PROTO_PATH } from "@lgtm-lab/contracts/proto";
import { initRpcMethods, serverInterceptors } from "@lgtm-lab/telemetry/grpc";
import { HealthImplementation } from "grpc-health-check";
import type { Drainable } from "../lifecycle.ts";
import type { GrpcTls } from "../tls/grpc.ts";
import { addReflection } from "./reflection.ts";

/** A running gRPC server. */
export interface GrpcServer extends Drainable {
  /** The port that the server listens on. */
  readonly port: number;
}

/** The service that a gRPC server offers, and its address. */
export interface GrpcServerOptions {
  /** Full name of the service for the health service, such as `pspd.ServiceA`. */
  name: string;
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
  host: string;
  /** 0 means any free port. */
  port: number;
  /** Accepts only connections with TLS. */
  tls?: GrpcTls | undefined;
}

/**
 * Serves one gRPC service, the standard health service (grpc.health.v1) and server reflection. Throws if the address
 * cannot be bound.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { name, definition, implementation, host, tls } = options;
  const server = new Server({ interceptors: serverInterceptors(), ...tls?.serverOptions });
  initRpcMethods("server", definition);
  server.addService(definition, implementation);
  const health = new HealthImplementation({ "": "SERVING", [name]: "SERVING" });
  health.addToServer(server);
  addReflection(server, PROTO_PATH);
  const insecure = ServerCredentials.createInsecure();
  const listener = await tls?.listen(host, options.port, () => server.createConnectionInjector(insecure));
  const port =
    listener?.port ??
    (await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${host}:${options.port}`, insecure, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    }));

  return {
    port,
    async drain(closeSignal) {
      const closed = listener?.close();
      health.setStatus("", "NOT_SERVING");
      health.setStatus(name, "NOT_SERVING");
      const done = Promise.withResolvers<void>();
      const force = () => {
        server.forceShutdown();
        // tryShutdown waits until peers close their connections, which peers other than gRPC clients may never do.
        done.resolve();
      };
      closeSignal.addEventListener("abort", force, { once: true });
      // tryShutdown does not wait for injected connections, which TLS uses: their listener counts them.
      server.tryShutdown(() => Promise.resolve(closed).then(done.resolve));
      await done.promise;
      closeSignal.removeEventListener("abort", force);
    },
  };
}
