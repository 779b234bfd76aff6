/** `node packages/slo/src/generate.ts [--check]`: generates rules and unit tests from slo/*.yaml. */

import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { generateRules } from "./generate-rules.ts";
import { runGenerator } from "./generated-files.ts";

runGenerator(generateRules, REPOSITORY, "npm run generate -w packages/slo");
