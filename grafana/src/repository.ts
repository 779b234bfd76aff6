import { join } from "node:path";

/** The folder `grafana/` of the clone. */
export const GRAFANA_FOLDER = join(import.meta.dirname, "..");
