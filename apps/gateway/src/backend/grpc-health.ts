import type { Client } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { PROBE_MS } from "./backend.ts";

/** `grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING`, by name or number, as the loader gives it. */
const SERVING = new Set<unknown>(["SERVING", 1]);

/** Asks a server's standard health service whether it serves, over a client's own channel. Never rejects. */
export function isServing(client: Client): Promise<boolean> {
  const { path, requestSerialize, responseDeserialize } = healthService.Check as NonNullable<
    (typeof healthService)[string]
  >;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize as (bytes: Buffer) => { status: unknown },
      { service: "" },
      { deadline: Date.now() + PROBE_MS },
      (error, reply) => resolve(!error && SERVING.has(reply?.status)),
    );
  });
}
