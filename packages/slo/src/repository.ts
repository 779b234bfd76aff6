import { resolve } from "node:path";

/** The root of the repository, which contains `slo/` and `prometheus/`. */
export const REPOSITORY = resolve(import.meta.dirname, "../../..");
