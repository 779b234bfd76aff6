/** A terminal, npm and the bootstrap may each pass on one and the same Ctrl-C: within this time they count as one. */
const SAME_MS = 500;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, and `stopNow` at each later one. With `orphaned`, the death of a
 * parent process that holds an IPC channel (the bootstrap) counts as a signal too.
 */
export function onStopSignals(options: { orphaned: boolean; stop: () => void; stopNow: () => void }): void {
  let first: number | undefined;
  const receive = () => {
    if (first === undefined) {
      first = Date.now();
      options.stop();
    } else if (Date.now() - first > SAME_MS) options.stopNow();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, receive);
  if (options.orphaned) process.on("disconnect", receive);
  process.channel?.unref();
}
