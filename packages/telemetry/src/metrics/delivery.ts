import { Counter, Gauge } from "prom-client";
import type { Counters } from "../delivery/counters.ts";
import { registry } from "./registry.ts";

/** The metrics of one delivery queue: their names, and what their help texts say. */
export interface DeliveryNames {
  delivered: string;
  dropped: string;
  queued: string;
  queuedBytes: string;
  capacityBytes: string;
  /** The maximum number of bytes that may wait. */
  capacity: number;
  /** The name of the items, in the plural. */
  items: string;
}

/** Registers metrics that read `counters` at each scrape. */
export function exposeCounters(counters: Readonly<Counters>, names: DeliveryNames): void {
  const registers = [registry];
  new Counter({
    name: names.delivered,
    help: `Number of ${names.items} that the receiver has accepted.`,
    registers,
    collect() {
      this.reset();
      this.inc(counters.delivered);
    },
  });
  new Counter({
    name: names.dropped,
    help: `Number of lost ${names.items}: buffer full, rejected by the receiver, or not delivered at exit.`,
    registers,
    collect() {
      this.reset();
      this.inc(counters.dropped);
    },
  });
  new Gauge({
    name: names.queued,
    help: `Number of ${names.items} that wait for the receiver.`,
    registers,
    collect() {
      this.set(counters.queued);
    },
  });
  new Gauge({
    name: names.queuedBytes,
    help: `Memory that the waiting ${names.items} use, in bytes.`,
    registers,
    collect() {
      this.set(counters.queuedBytes);
    },
  });
  new Gauge({
    name: names.capacityBytes,
    help: `Maximum memory of waiting ${names.items}, in bytes; more are dropped.`,
    registers,
  }).set(names.capacity);
}
