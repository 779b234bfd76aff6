import { resolve } from "node:path";

/** The root of the clone: where `slo/` and `prometheus/` are. */
export const REPOSITORY = resolve(import.meta.dirname, "../../..");
