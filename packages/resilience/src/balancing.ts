import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { BALANCING_ALGORITHMS } from "./index.ts";

/** The name of an algorithm. */
export type BalancingAlgorithm = (typeof BALANCING_ALGORITHMS)[number];

/** What the algorithms know about an instance. */
export interface Candidate {
  /** Its address. It is unique and does not change. */
  readonly name: string;
  /** The number of calls that it is handling for this process. */
  readonly running: number;
  /** Mean latency of its recent calls, in milliseconds. It begins at 0, and decays to 0 while no call is measured. */
  readonly latencyMs: number;
}

/**
 * Chooses one of at least one candidate. `clientKey` identifies the client; only `hash` and `sticky` use it.
 * `isFailover` is true if instances are left out because an earlier attempt of the call failed at them.
 */
export type Chooser = <C extends Candidate>(
  candidates: readonly C[],
  clientKey: string,
  isFailover?: boolean,
) => C;

/** Maximum number of clients whose instance `sticky` remembers. The least recently used is forgotten first. */
const MAX_STICKY_CLIENTS = 10_000;
/** Maximum length of a stored client key, in characters. Longer ones are replaced by their hash, to limit memory. */
const MAX_KEY_LENGTH = 40;

/** Returns a new chooser. `random` returns numbers from 0 to below 1. */
export function chooserFor(
  algorithm: BalancingAlgorithm,
  { random = Math.random, maxStickyClients = MAX_STICKY_CLIENTS } = {},
): Chooser {
  switch (algorithm) {
    case "round-robin":
      return roundRobin();
    case "sticky":
      return sticky(maxStickyClients);
    case "least-connections":
      return least(({ running }) => running);
    case "least-time":
      // Adds a millisecond and a call, so that a new instance with the latency 0 does not receive every call.
      return least(({ latencyMs, running }) => (latencyMs + 1) * (running + 1));
    case "hash":
      return (candidates, clientKey) => {
        const key = boundedKey(clientKey);
        return best(candidates, ({ name }) => -weight(key, name));
      };
    case "random-two":
      return randomTwo(random);
  }
}

const roundRobin = (): Chooser => least(() => 0);

/** Keeps each client at the instance that it was given first, for as long as this instance is available. */
function sticky(maxClients: number): Chooser {
  const assigned = new LRUCache<string, string>({ max: maxClients });
  const choose = roundRobin();
  return (candidates, clientKey, isFailover = false) => {
    const key = boundedKey(clientKey);
    const name = assigned.get(key);
    const chosen = candidates.find((candidate) => candidate.name === name) ?? choose(candidates, key);
    if (isFailover) return chosen; // one error does not move the client for good
    assigned.set(key, chosen.name);
    return chosen;
  };
}

/**
 * Chooses the candidate with the lowest score. Of equal ones it takes the least recently chosen, so that all idle
 * instances are used. A round-robin index would spread calls unevenly: a retry has fewer candidates, so the same index
 * means another instance.
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

/** Returns the candidate with the lowest score; of equal ones the one with the lowest turn, then the first. */
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

const boundedKey = (clientKey: string): string =>
  clientKey.length > MAX_KEY_LENGTH ? hash("sha1", clientKey) : clientKey;

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
