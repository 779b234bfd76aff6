import { removeClaim } from "./claim.ts";
import { stopRecorded } from "./ownership.ts";

const state = process.argv[2] ?? "";
const stopped = await stopRecorded(state);
removeClaim(state);
console.log(
  `${new Date().toISOString()} the launcher was killed; stopped ${stopped.join(", ") || "nothing"}`,
);
