import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { PROTO_PATH } from "@lgtm-lab/contracts/proto";
import { initRpcMethods, serverInterceptors } from "@lgtm-lab/telemetry/grpc";
import { HealthImplementation } from "grpc-health-check";
import type { Draining } from "../lifecycle.ts";

/** A running gRPC server. */
export interface GrpcServer extends Draining {
  /** The port that it listens on. */
  readonly port: number;
}

export interface GrpcServerOptions {
  /** Full name of the service, for the health service: `pspd.ServiceA`. */
  name: string;
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
  host: string;
  /** 0: any free port. */
  port: number;
}

/**
 * Serves one gRPC service, with the standard health service (grpc.health.v1) and server reflection beside it.
 * Throws when the address cannot be bound.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { name, definition, implementation, host } = options;
  const server = new Server({ interceptors: serverInterceptors() });
  initRpcMethods("server", definition);
  server.addService(definition, implementation);
  const health = new HealthImplementation({ "": "SERVING", [name]: "SERVING" });
  health.addToServer(server);
  new ReflectionService(loadSync(PROTO_PATH, { keepCase: true })).addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${options.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });

  return {
    port,
    async drain(cutOff) {
      health.setStatus("", "NOT_SERVING");
      health.setStatus(name, "NOT_SERVING");
      const done = Promise.withResolvers<void>();
      const force = () => {
        server.forceShutdown();
        // Not left to tryShutdown: it waits for the peer to close its end, which a peer that is no gRPC client never does.
        done.resolve();
      };
      cutOff.addEventListener("abort", force, { once: true });
      server.tryShutdown(() => done.resolve());
      await done.promise;
      cutOff.removeEventListener("abort", force);
    },
  };
}
