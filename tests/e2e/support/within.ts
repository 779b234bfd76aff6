import pWaitFor, { TimeoutError } from "p-wait-for";

/**
 * Polls until `probe` returns a truthy value, and prints the measured and the allowed time.
 * Throws after `allowedMs`, with the last error of the probe. For deadlines that docs promise.
 */
export async function within<T>(
  what: string,
  allowedMs: number,
  probe: () => Promise<T | undefined | false>,
  options: { intervalMs?: number; since?: number } = {},
): Promise<T> {
  const start = options.since ?? performance.now();
  let last: unknown = new Error("the probe found nothing");
  const look = async () => {
    try {
      const value = await probe();
      return value ? pWaitFor.resolveWith(value) : false;
    } catch (error) {
      last = error;
      return false;
    }
  };
  const leftMs = Math.max(1, Math.ceil(allowedMs - (performance.now() - start)));
  try {
    const found = await pWaitFor<T>(look, { interval: options.intervalMs ?? 25, timeout: leftMs });
    console.log(`    ${what}: ${Math.round(performance.now() - start)}/${allowedMs} ms`);
    return found;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new Error(`${what}: not within ${allowedMs} ms`, { cause: last });
  }
}

/** Polls like {@link within} if no deadline is promised; limited only so that a test cannot hang. Prints nothing. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  boundMs = 30_000,
): Promise<T> {
  return await pWaitFor<T>(
    async () => {
      const value = await probe();
      return value ? pWaitFor.resolveWith(value) : false;
    },
    { interval: 50, timeout: { milliseconds: boundMs, message: `${what}: not within ${boundMs} ms` } },
  );
}
