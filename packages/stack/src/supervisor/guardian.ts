import { removeOwner, stopLeftovers } from "./ownership.ts";

const state = process.argv[2] ?? "";
const stopped = await stopLeftovers(state);
removeOwner(state);
console.log(
  `${new Date().toISOString()} the launcher was killed; stopped ${stopped.join(", ") || "nothing"}`,
);
