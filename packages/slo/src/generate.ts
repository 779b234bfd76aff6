/**
 * `node packages/slo/src/generate.ts`: generates rules and unit tests from slo/*.yaml.
 * With `--check` it writes nothing, lists the files that differ, and exits with status 1 if there are any.
 */
import { drift, generate, generated } from "./generated.ts";
import { SloDocumentError } from "./read.ts";

const check = process.argv.slice(2).includes("--check");
try {
  const changed = check ? drift() : generate();
  for (const note of generated().notes) console.error(`note: ${note}`);
  for (const path of changed) console.log(`${check ? "differs: " : ""}${path}`);
  if (check && changed.length > 0) {
    console.error("Run `npm run generate -w packages/slo` and commit the result.");
    process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof SloDocumentError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
