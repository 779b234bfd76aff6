/** Prints what something took against what is allowed, and throws when it was more. */
export function promised(what: string, tookMs: number, allowedMs: number): void {
  console.log(`    ${what}: ${Math.round(tookMs)}/${allowedMs} ms`);
  if (tookMs > allowedMs) throw new Error(`${what}: ${Math.round(tookMs)} ms, allowed are ${allowedMs}`);
}
