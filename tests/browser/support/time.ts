/** Prints the measured and the allowed time, and throws if the limit is exceeded. */
export function assertWithin(what: string, tookMs: number, allowedMs: number): void {
  console.log(`    ${what}: ${Math.round(tookMs)}/${allowedMs} ms`);
  if (tookMs > allowedMs) throw new Error(`${what}: ${Math.round(tookMs)} ms, the limit is ${allowedMs} ms`);
}
