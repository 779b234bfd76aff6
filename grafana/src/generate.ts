/** `node grafana/src/generate.ts [--check]`: generates the dashboards and the Grafana-managed alert rules. */
import { join } from "node:path";
import { runGenerator } from "@lgtm-lab/slo";
import { generateGrafana } from "./generate-grafana.ts";
import { GRAFANA_FOLDER } from "./repository.ts";

runGenerator(generateGrafana, join(GRAFANA_FOLDER, ".."), "node grafana/src/generate.ts");
