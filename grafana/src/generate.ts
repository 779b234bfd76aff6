/**
 * `node grafana/src/generate.ts`: makes the dashboards and the Grafana-managed alert rules.
 * With `--check` it changes nothing, names what differs, and fails if anything does.
 */
import { SloDocumentError } from "@lgtm-lab/slo";
import { drift, generate } from "./generated.ts";

const check = process.argv.slice(2).includes("--check");
try {
  const changed = check ? drift() : generate();
  for (const path of changed) console.log(`${check ? "differs: " : ""}grafana/${path}`);
  if (check && changed.length > 0) {
    console.error("Run `node grafana/src/generate.ts` and commit the result.");
    process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof SloDocumentError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
