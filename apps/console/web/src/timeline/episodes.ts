import type { FaultLine } from "../api/faults.ts";

/** One time that a fault was set, until it ended. Milliseconds since the epoch. */
export interface Episode {
  readonly fault: string;
  readonly start: number;
  /** When it ends by itself, if its log line told that. */
  readonly due: number | undefined;
  /** Nothing while it lasts. */
  readonly end: number | undefined;
  /** Whether somebody fixed it, rather than its own timer. */
  readonly fixed: boolean;
}

/** A service that was restarted says nothing of its fault's end: so long after it was due, it is over. */
const GRACE_MS = 5000;
/** The URL has the start as the browser's clock had it when the button was pressed. */
const CLOCK_MS = 5000;

/**
 * The episodes that log lines tell of, oldest first. Both gateways tell of the same one; a fault that is set again while it
 * is set goes on.
 */
export function episodes(lines: readonly FaultLine[], now: number): Episode[] {
  const open = new Map<string, Episode>();
  const all: Episode[] = [];
  const close = (episode: Episode, end: number, fixed: boolean) => {
    open.delete(episode.fault);
    all.push({ ...episode, end, fixed });
  };
  for (const { kind, fault, at, forMs, cleared } of lines) {
    const current = open.get(fault);
    if (kind === "set") {
      const due = forMs === undefined ? undefined : at + forMs;
      const forgotten = current?.due !== undefined && at > current.due + GRACE_MS;
      if (current && forgotten) close(current, current.due ?? at, false);
      if (current && !forgotten) open.set(fault, { ...current, due: due ?? current.due });
      else open.set(fault, { fault, start: at, due, end: undefined, fixed: false });
    }
    if (kind === "ended" && current) close(current, at, cleared ?? false);
  }
  for (const episode of [...open.values()])
    if (episode.due !== undefined && now > episode.due + GRACE_MS) close(episode, episode.due, false);
  return [...all, ...open.values()].sort((a, b) => a.start - b.start);
}

/** The episode that a link means: the first that began at that time or later, or was under way then. */
export const episodeAt = (all: readonly Episode[], at: number): Episode | undefined =>
  all.find(({ start, end }) => start >= at - CLOCK_MS || (end ?? Number.POSITIVE_INFINITY) > at);

/** The one to show when nothing is asked for: what is going on now, or else what was last. */
export const latestEpisode = (all: readonly Episode[]): Episode | undefined =>
  all.findLast(({ end }) => end === undefined) ?? all.at(-1);
