import { LabError } from "../terminal/failure.ts";
import { buildConsole } from "./build-console.ts";

/** `npm run build -w @lgtm-lab/console`: what a start does by itself. */
try {
  const built = await buildConsole({ progress: (text) => console.log(text) });
  console.log(built ? "built: apps/console/dist" : "apps/console/dist is up to date");
} catch (error) {
  console.error(error instanceof LabError ? error.message : error);
  process.exitCode = 1;
}
