const began = performance.now();

/** A line of progress, with the seconds since the start. */
export function say(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}
