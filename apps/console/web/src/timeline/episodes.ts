import type { FaultLine } from "../api/faults.ts";

/** One activation of a fault, from start to end. Times are Unix times in milliseconds. */
export interface Episode {
  readonly fault: string;
  readonly start: number;
  /** The scheduled end, if the log line contains it. */
  readonly due: number | undefined;
  /** Missing while the fault is active. */
  readonly end: number | undefined;
  /** Whether a user ended the fault before its timer did. */
  readonly fixed: boolean;
}

/** A restarted service does not log the end of its fault. The fault is considered over this long after `due`. */
const GRACE_MS = 5000;
/** Tolerance for the time in the URL, which is from the browser's clock. */
const CLOCK_MS = 5000;

/**
 * Reads the episodes from log lines, oldest first. Lines of both gateways belong to the same episode. Setting an active
 * fault again continues its episode.
 */
export function episodes(lines: readonly FaultLine[], now: number): Episode[] {
  const open = new Map<string, Episode>();
  const all: Episode[] = [];
  const close = (episode: Episode, end: number, fixed: boolean) => {
    open.delete(episode.fault);
    all.push({ ...episode, end, fixed });
  };
  for (const { kind, fault, at, forMs, endedByUser } of lines) {
    const current = open.get(fault);
    if (kind === "set") {
      const due = forMs === undefined ? undefined : at + forMs;
      const forgotten = current?.due !== undefined && at > current.due + GRACE_MS;
      if (current && forgotten) close(current, current.due ?? at, false);
      if (current && !forgotten) open.set(fault, { ...current, due: due ?? current.due });
      else open.set(fault, { fault, start: at, due, end: undefined, fixed: false });
    }
    if (kind === "ended" && current) close(current, at, endedByUser ?? false);
  }
  for (const episode of [...open.values()])
    if (episode.due !== undefined && now > episode.due + GRACE_MS) close(episode, episode.due, false);
  return [...all, ...open.values()].sort((a, b) => a.start - b.start);
}

/** Returns the episode for a link: the first that was active at that time or began later. */
export const episodeAt = (all: readonly Episode[], at: number): Episode | undefined =>
  all.find(({ start, end }) => start >= at - CLOCK_MS || (end ?? Number.POSITIVE_INFINITY) > at);

/** Returns the default episode: the active one, or else the last one. */
export const latestEpisode = (all: readonly Episode[]): Episode | undefined =>
  all.findLast(({ end }) => end === undefined) ?? all.at(-1);
