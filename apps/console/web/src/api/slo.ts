import { query } from "./prometheus.ts";
import { readSlos, SLO_QUERY, type Slo } from "./slo-shapes.ts";

/** Every objective, what is left of its budget, and how fast that burns. */
export const listSlos = async (signal?: AbortSignal): Promise<Slo[]> =>
  readSlos(await query(SLO_QUERY, undefined, signal));
