import type { FaultLine } from "../api/faults.ts";

/** A fault from its start to its end. Milliseconds since 1970. */
export interface Episode {
  readonly fault: string;
  readonly start: number;
  /** When its timer ends it, if its log line contains that. */
  readonly due: number | undefined;
  /** Missing while it is active. */
  readonly end: number | undefined;
  /** Whether a user ended it, not its timer. */
  readonly fixed: boolean;
}

/** A restarted service does not log the end of its fault. After this time beyond its timer, the fault is over. */
const GRACE_MS = 5000;
/** Tolerance for the time in the URL, which is of the browser's clock. */
const CLOCK_MS = 5000;

/**
 * The episodes in log lines, oldest first. Lines of both gateways belong to the same episode. A fault that is set again while
 * it is active continues its episode.
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

/** The episode of a link: the first that began at or after that time, or was active then. */
export const episodeAt = (all: readonly Episode[], at: number): Episode | undefined =>
  all.find(({ start, end }) => start >= at - CLOCK_MS || (end ?? Number.POSITIVE_INFINITY) > at);

/** The episode to show by default: the active one, or the last one. */
export const latestEpisode = (all: readonly Episode[]): Episode | undefined =>
  all.findLast(({ end }) => end === undefined) ?? all.at(-1);
