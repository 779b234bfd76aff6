import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { BALANCING } from "./index.ts";

/** The name of an algorithm. */
export type Balancing = (typeof BALANCING)[number];

/** What the algorithms know about an instance. */
export interface Candidate {
  /** Its address. It is unique and does not change. */
  readonly name: string;
  /** The number of calls that it is handling for this process. */
  readonly running: number;
  /** How long its recent calls took, in milliseconds; 0 if that is not known. */
  readonly latencyMs: number;
}

/**
 * Chooses one of at least one candidate. `key` identifies the client; only `hash` and `sticky` use it.
 * `isRetryElsewhere` is true if this attempt avoids instances at which an earlier attempt of the call failed.
 */
export type Chooser = <C extends Candidate>(
  candidates: readonly C[],
  key: string,
  isRetryElsewhere?: boolean,
) => C;

/** The clients whose instance `sticky` remembers; the one that has been idle longest is forgotten first. */
const STICKY_CLIENTS = 10_000;
/** Longer identities are replaced by their hash: a client can send a header of any length. */
const MAX_KEY = 40;

/** Returns a new chooser. `random` returns numbers from 0 to below 1. */
export function chooserFor(
  algorithm: Balancing,
  { random = Math.random, stickyClients = STICKY_CLIENTS } = {},
): Chooser {
  switch (algorithm) {
    case "round-robin":
      return roundRobin();
    case "sticky":
      return sticky(stickyClients);
    case "least-connections":
      return least(({ running }) => running);
    case "least-time":
      // One more millisecond and one more call, so that a new instance with the latency 0 does not receive every call.
      return least(({ latencyMs, running }) => (latencyMs + 1) * (running + 1));
    case "hash":
      return (candidates, client) => {
        const key = shortKey(client);
        return best(candidates, ({ name }) => -weight(key, name));
      };
    case "random-two":
      return randomTwo(random);
  }
}

const roundRobin = (): Chooser => least(() => 0);

/** Keeps each client at the instance that it was given first, for as long as this instance is available. */
function sticky(maxClients: number): Chooser {
  const given = new LRUCache<string, string>({ max: maxClients });
  const choose = roundRobin();
  return (candidates, client, isRetryElsewhere = false) => {
    const key = shortKey(client);
    const name = given.get(key);
    const chosen = candidates.find((candidate) => candidate.name === name) ?? choose(candidates, key);
    if (isRetryElsewhere) return chosen; // one error does not move the client for good
    given.set(key, chosen.name);
    return chosen;
  };
}

/**
 * Chooses the lowest score. Equal ones take turns, or idle instances would never be used: the one that was chosen
 * longest ago is next. An index would not do: a retry has fewer candidates, and would move the turns of the others.
 */
function least(score: (candidate: Candidate) => number): Chooser {
  const turns = new WeakMap<Candidate, number>();
  const turnOf = (candidate: Candidate) => turns.get(candidate) ?? 0;
  let turn = 0;
  return (candidates) => {
    const chosen = best(candidates, score, turnOf);
    turn += 1;
    turns.set(chosen, turn);
    return chosen;
  };
}

/** Returns the candidate with the lowest score, of equal ones that with the lowest turn, of equal ones the first. */
function best<C extends Candidate>(
  candidates: readonly C[],
  score: (candidate: C) => number,
  turnOf: (candidate: C) => number = () => 0,
): C {
  let found = candidates[0] as C;
  let lowest = score(found);
  for (const candidate of candidates.slice(1)) {
    const value = score(candidate);
    if (value > lowest || (value === lowest && turnOf(candidate) >= turnOf(found))) continue;
    found = candidate;
    lowest = value;
  }
  return found;
}

const shortKey = (client: string): string => (client.length > MAX_KEY ? hash("sha1", client) : client);

/**
 * The weight of an instance for a client (rendezvous hashing: the highest weight wins). If an instance leaves, only its
 * own clients move.
 */
const weight = (key: string, name: string): number =>
  hash("sha1", `${key}\n${name}`, "buffer").readUIntBE(0, 6);

function randomTwo(random: () => number): Chooser {
  return <C extends Candidate>(candidates: readonly C[]) => {
    const first = Math.floor(random() * candidates.length);
    // One of the others, each with the same probability.
    const others = candidates.length - 1;
    const second = (first + Math.min(others, 1 + Math.floor(random() * others))) % candidates.length;
    const [a, b] = [candidates[first], candidates[second]] as [C, C];
    return b.running < a.running ? b : a;
  };
}
