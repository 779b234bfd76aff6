const PER_MILLISECOND = 1_000_000;
/**
 * If the clock is set back by at most this much, timestamps continue from the last one until the clock has caught up.
 */
const HELD_MS = 1000;

let millisecond = 0;
let sequence = 0;

/**
 * Returns the field `time` of a log line, for pino: epoch nanoseconds as a string of 19 digits, greater than every
 * earlier one. The last six digits count the lines within one millisecond, because Loki sorts by timestamp and stores
 * only one of two equal lines with the same timestamp. If the clock is set back by more than a second, timestamps
 * follow it, because Loki rejects lines from the future.
 */
export function timestamp(): string {
  const now = Date.now();
  if (now > millisecond || now < millisecond - HELD_MS) {
    millisecond = now;
    sequence = 0;
  } else {
    sequence += 1;
    if (sequence === PER_MILLISECOND) {
      millisecond += 1;
      sequence = 0;
    }
  }
  // A machine without a battery for its clock starts in 1970, when milliseconds had fewer digits.
  return `,"time":"${String(millisecond).padStart(13, "0")}${String(sequence).padStart(6, "0")}"`;
}
