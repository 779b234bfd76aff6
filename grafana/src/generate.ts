/** `node grafana/src/generate.ts [--check]`: generates the dashboards and the Grafana-managed alert rules. */

import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { runGenerator } from "@lgtm-lab/slo";
import { generateGrafana } from "./generate-grafana.ts";

runGenerator(generateGrafana, REPOSITORY, "node grafana/src/generate.ts");
