const PER_MILLISECOND = 1_000_000;

let millisecond = 0;
let sequence = 0;

/**
 * The `time` of a log line: epoch nanoseconds as a string of 19 digits, greater than every one before it.
 * The last six digits count the lines within one millisecond: Loki sorts by this time, and would keep
 * only one of two equal lines with the same time.
 */
export function timestamp(): string {
  const now = Date.now();
  if (now > millisecond) {
    millisecond = now;
    sequence = 0;
  } else {
    sequence += 1;
    if (sequence === PER_MILLISECOND) {
      millisecond += 1;
      sequence = 0;
    }
  }
  return `,"time":"${millisecond}${String(sequence).padStart(6, "0")}"`;
}
