/** `/pspd.ServiceA/SayHello` as the label `rpc_method` has it: `pspd.ServiceA/SayHello`. */
export const methodName = (path: string): string => path.slice(1);

/** Whether a path belongs to gRPC's own services: health checks and reflection are not requests. */
export const isInfrastructure = (path: string): boolean => path.startsWith("/grpc.");
