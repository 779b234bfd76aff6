import { entryOf } from "./entry.ts";

/**
 * A clock that is off by less is not corrected. Half of Loki's stricter limit: it rejects lines that are more than 10
 * minutes ahead of its clock, or an hour older than the newest line of their stream.
 */
const TOLERANCE_MS = 5 * 60_000;
/** The precision of Loki's time in a response: whole seconds, plus the time that the response took to arrive. */
const PRECISION_MS = 3000;

interface PushBody {
  streams: { values: [time: string, line: string, ...metadata: unknown[]][] }[];
}

/**
 * Corrects the timestamps of log lines if the clock that produced them is wrong or steps, in either direction. Every
 * response of Loki contains its time. Once Loki has rejected lines whose clock is off by more than 5 minutes, such
 * lines are stored with Loki's time; their order and the intervals between them stay the same. Timestamps that Loki
 * accepts are never changed.
 */
export class LokiClock {
  readonly #now: () => number;
  /** Loki's time at its last response. */
  #lastResponse: { date: number; at: number } | undefined;
  /** The original timestamp of the last line. */
  #written: { ms: number; at: number } | undefined;
  /** Loki's time minus that of the lines' clock, at Loki's last response. */
  #offMs = 0;
  /** What is added to wrong timestamps. 0 until Loki has rejected lines. */
  #correctionMs = 0;
  /** The newest stored timestamp that was within the tolerance. */
  #newestMs = 0;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Records the time of Loki's clock, in milliseconds since the epoch, and compares the clock of the lines with it. */
  recordTime(date: number | undefined): void {
    if (date === undefined) return;
    this.#lastResponse = { date, at: this.#now() };
    if (!this.#written) return;
    this.#offMs = Math.round(date - (this.#written.ms + this.#now() - this.#written.at));
    if (Math.abs(this.#offMs) <= TOLERANCE_MS) this.#correctionMs = 0;
  }

  /** Returns the timestamp to store for a line: its own (epoch nanoseconds as text), or a corrected one. */
  timestampToStore(time: string): string {
    const ms = Number(time.slice(0, -6));
    this.#written = { ms, at: this.#now() };
    const corrected = this.#corrected(time);
    const storedMs = Number(corrected.slice(0, -6));
    if (!this.#isWrong(storedMs)) this.#newestMs = storedMs;
    return corrected;
  }

  /** Corrects the timestamps of a push that Loki rejected. Returns undefined if nothing changes. */
  correctedPush(body: string): string | undefined {
    this.#updateCorrection();
    let changed = false;
    const push = JSON.parse(body) as PushBody;
    for (const { values } of push.streams)
      for (const entry of values) {
        const time = this.#corrected(entryOf(entry[1]).time ?? entry[0]);
        changed ||= time !== entry[0];
        entry[0] = time;
      }
    return changed ? JSON.stringify(push) : undefined;
  }

  #corrected(time: string): string {
    const ms = Number(time.slice(0, -6));
    return this.#correctionMs !== 0 && this.#isWrong(ms) && this.#helps(ms)
      ? `${ms + this.#correctionMs}${time.slice(-6)}`
      : time;
  }

  #isWrong(ms: number): boolean {
    return Math.abs(this.#aheadMs(ms)) > TOLERANCE_MS;
  }

  /**
   * Returns whether the correction brings a timestamp closer to Loki's time. A timestamp in the future is always wrong. An
   * old one may be right, because its line has waited: then the correction would move it away.
   */
  #helps(ms: number): boolean {
    const aheadMs = this.#aheadMs(ms);
    const correctedMs = aheadMs + this.#correctionMs;
    if (correctedMs > TOLERANCE_MS) return false;
    return aheadMs > TOLERANCE_MS || Math.abs(correctedMs) < Math.abs(aheadMs);
  }

  /** Returns how far a timestamp is ahead of Loki's time; 0 until that is known. */
  #aheadMs(ms: number): number {
    if (!this.#lastResponse) return 0;
    return ms - this.#lastResponse.date - (this.#now() - this.#lastResponse.at);
  }

  #updateCorrection(): void {
    // Smaller differences are not corrected; otherwise the correction would change with each response, because Loki's
    // time is rounded to seconds.
    if (!this.#written || Math.abs(this.#offMs - this.#correctionMs) <= PRECISION_MS) return;
    if (Math.abs(this.#offMs) <= TOLERANCE_MS) return;
    // The rounding must not place the next line before the newest stored one.
    const aheadMs = this.#newestMs + 1 - (this.#written.ms + this.#offMs);
    this.#correctionMs = this.#offMs + (aheadMs > 0 && aheadMs < PRECISION_MS ? aheadMs : 0);
  }
}
