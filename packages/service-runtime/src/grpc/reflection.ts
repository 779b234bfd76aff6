import { createRequire } from "node:module";
import type {
  handleBidiStreamingCall,
  MethodDefinition,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";

type Method = MethodDefinition<unknown, unknown> & {
  readonly handle: handleBidiStreamingCall<unknown, unknown>;
};

const ours = createRequire(import.meta.url);
const VERSIONS = ["v1", "v1alpha"] as const;

/**
 * Adds server reflection for the services of a proto file. Its package is loaded on the first request, because few
 * clients use reflection and loading it at every start would take CPU time.
 */
export function addReflection(server: Server, protoPath: string): void {
  let loaded: ReadonlyMap<string, Method> | undefined;
  for (const version of VERSIONS) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const method = (): Method => {
      loaded ??= methodsOf(protoPath);
      const found = loaded.get(path);
      if (!found) throw new Error(`@grpc/reflection does not serve ${path}.`);
      return found;
    };
    const lazy: MethodDefinition<unknown, unknown> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (request) => method().requestSerialize(request),
      requestDeserialize: (bytes) => method().requestDeserialize(bytes),
      responseSerialize: (response) => method().responseSerialize(response),
      responseDeserialize: (bytes) => method().responseDeserialize(bytes),
    };
    const ServerReflectionInfo: handleBidiStreamingCall<unknown, unknown> = (call) => method().handle(call);
    server.addService({ ServerReflectionInfo: lazy }, { ServerReflectionInfo });
  }
}

/** Returns the methods that the reflection service would add to a server, by their paths. */
function methodsOf(protoPath: string): ReadonlyMap<string, Method> {
  const { loadSync } = ours("@grpc/proto-loader") as typeof import("@grpc/proto-loader");
  const { ReflectionService } = ours("@grpc/reflection") as typeof import("@grpc/reflection");
  const methods = new Map<string, Method>();
  const collector = {
    addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation) {
      for (const [name, method] of Object.entries(definition)) {
        const handle = implementation[name] as Method["handle"];
        methods.set(method.path, { ...method, handle });
      }
    },
  };
  new ReflectionService(loadSync(protoPath, { keepCase: true })).addToServer(collector);
  return methods;
}
