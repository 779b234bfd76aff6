import { join } from "node:path";
import { httpAddress } from "../ports.ts";
import { LAB_VERSION } from "../repository.ts";
import type { Component } from "./types.ts";

/** The demo traffic: not part of a stack, but started and stopped like a component by `lab start`. */
export function traffic(requestsPerSecond: number): Component {
  return {
    name: "traffic",
    serviceName: "traffic",
    stage: "traffic",
    program: { kind: "node", version: LAB_VERSION },
    ports: [],
    args: () => [join(import.meta.dirname, "../traffic/main.ts")],
    env: ({ ports }) => ({
      GATEWAY_URL: httpAddress(ports, "GATEWAY_PORT"),
      GATEWAY_REST_URL: httpAddress(ports, "GATEWAY_REST_PORT"),
      LAB_TRAFFIC_RPS: `${requestsPerSecond}`,
    }),
  };
}
