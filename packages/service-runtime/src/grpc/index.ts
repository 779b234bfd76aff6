/** `@lgtm-lab/service-runtime/grpc`: separate, because loading gRPC takes 4 MB in a process that does not use it. */
export * from "./call.ts";
export * from "./server.ts";
