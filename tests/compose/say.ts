const began = performance.now();
const EVERY_MS = 5_000;

/** A line of progress, with the seconds since the start. */
export function say(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}

/**
 * Prints what is being done, and repeats it every few seconds until it is done, with the latest progress. Returns the
 * result of the work.
 */
export async function during<Result>(
  what: string,
  work: (tell: (detail: string) => void) => Promise<Result>,
): Promise<Result> {
  say(what);
  let last = "";
  const telling = setInterval(() => say(`  still ${what}${last && `: ${last}`}`), EVERY_MS);
  try {
    return await work((detail) => {
      last = detail;
    });
  } finally {
    clearInterval(telling);
  }
}
