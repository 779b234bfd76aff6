const began = performance.now();
const EVERY_MS = 5_000;

/** A line of progress, with the seconds since the start. */
export function say(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}

/** Says what is being done, and goes on saying so every few seconds until it is done. Gives what the work gives. */
export async function during<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  say(what);
  const telling = setInterval(() => say(`  still ${what}`), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(telling);
  }
}
