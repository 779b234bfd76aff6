/**
 * Waits so many milliseconds (undefined: for ever), or until `over` aborts. Throws the reason of `signal` when that one
 * aborts first.
 */
export async function pause(
  milliseconds: number | undefined,
  signal: AbortSignal,
  over: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (over.aborted) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
  const onOver = () => resolve();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  over.addEventListener("abort", onOver, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    over.removeEventListener("abort", onOver);
  }
}
