import { uptime } from "node:os";

/** Loki refuses lines that are more than 10 minutes ahead of its clock, or an hour behind the newest of their stream. */
const TOLERANCE_MS = 5 * 60_000;

/** Two clocks that never step. */
export interface SteadyClocks {
  /** Milliseconds; cheap, but stands still while the machine sleeps. */
  now(): number;
  /** Seconds since the machine started, sleep included. */
  uptime(): number;
}

/**
 * Keeps the times of lines acceptable to Loki when this machine's clock is wrong or steps, in either direction. Loki tells
 * the time in every answer; a line whose own time is further than 5 minutes from it is stored under Loki's time, and later
 * lines keep their distances, so their order stays exact. A clock that is right is never corrected.
 */
export class LokiClock {
  readonly #clocks: SteadyClocks;
  /** Loki's time at the last answer, and what the steady clocks said then. */
  #answered: { date: number; now: number; uptime: number } | undefined;
  #correctionMs = 0;

  constructor(clocks: SteadyClocks = { now: () => performance.now(), uptime }) {
    this.#clocks = clocks;
  }

  /** Notes what time it is by Loki's clock, in milliseconds since the epoch. */
  heard(date: number | undefined): void {
    if (date !== undefined) this.#answered = { date, now: this.#clocks.now(), uptime: this.#clocks.uptime() };
  }

  /** The time to store a line under: its own, epoch nanoseconds as text, unless Loki would refuse that. */
  accepted(time: string): string {
    if (!this.#answered) return time;
    const ms = Number(time.slice(0, -6));
    const roughly = this.#answered.date + this.#clocks.now() - this.#answered.now;
    if (isFar(ms + this.#correctionMs, roughly)) this.#correct(ms, this.#answered);
    return this.#correctionMs === 0 ? time : `${ms + this.#correctionMs}${time.slice(-6)}`;
  }

  #correct(ms: number, { date, uptime }: { date: number; uptime: number }): void {
    const now = date + Math.round((this.#clocks.uptime() - uptime) * 1000);
    this.#correctionMs = isFar(ms, now) ? now - ms : 0;
  }
}

const isFar = (one: number, other: number): boolean => Math.abs(one - other) > TOLERANCE_MS;
