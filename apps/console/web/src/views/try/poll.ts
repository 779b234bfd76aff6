export interface Looked<T> {
  readonly value: T;
  /** What is still waited for, in words; empty: nothing. */
  readonly missing: readonly string[];
}

export interface PollOptions<T> {
  readonly everyMs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly look: (signal: AbortSignal) => Promise<Looked<T>>;
  /** After every look that found something still missing. */
  readonly onProgress: (looked: Looked<T>) => void;
}

/** Looks until nothing is missing or the time is up, and gives what was seen last. Throws what a look throws. */
export async function poll<T>({
  everyMs,
  deadlineMs,
  signal,
  look,
  onProgress,
}: PollOptions<T>): Promise<Looked<T>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const looked = await look(signal);
    if (looked.missing.length === 0 || performance.now() + everyMs > end) return looked;
    onProgress(looked);
    await pause(everyMs, signal);
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, ms);
    signal.addEventListener("abort", leave, { once: true });
  });
