import { Session } from "node:inspector/promises";
import { isMainThread } from "node:worker_threads";
import writeFileAtomic from "write-file-atomic";
import { environment } from "../../runner/env.ts";

/*
 * Loaded before a program with `--import`: SIGUSR2 starts a CPU profile of the main thread, and the next SIGUSR2 writes it
 * to PROFILE_FILE. Node's own --cpu-prof would include the start.
 */
const INTERVAL_US = 100;

if (isMainThread) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
  let runs = false;
  process.on("SIGUSR2", async () => {
    runs = !runs;
    if (runs) await session.post("Profiler.start");
    else {
      const { profile } = await session.post("Profiler.stop");
      // Atomic, so that a reader never finds a part of the profile.
      await writeFileAtomic(environment.PROFILE_FILE ?? "", JSON.stringify(profile));
    }
  });
}
