import { removeOwner, stopLeftovers } from "./ownership.ts";

const stateFolder = process.argv[2] ?? "";
const stopped = await stopLeftovers(stateFolder);
removeOwner(stateFolder);
console.log(
  `${new Date().toISOString()} the launcher was killed; stopped ${stopped.join(", ") || "nothing"}`,
);
