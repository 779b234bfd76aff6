import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The root of the clone, which contains the configuration files and `apps/`. */
export const REPOSITORY = join(import.meta.dirname, "../../..");

/** The version of the lab itself, from the root's package.json. */
export const LAB_VERSION: string = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")).version;
