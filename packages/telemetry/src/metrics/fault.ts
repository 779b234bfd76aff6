import { Gauge } from "prom-client";
import { registry } from "./registry.ts";

const active = new Gauge({
  name: "lab_fault_active",
  help: "1 while this fault is set on purpose, 0 otherwise.",
  labelNames: ["fault"] as const,
  registers: [registry],
});

/** Sets whether a fault is active. Each known fault is reported as inactive at the start of the process. */
export const setFaultActive = (fault: string, isActive: boolean): void =>
  active.set({ fault }, isActive ? 1 : 0);
