import { readFileSync, renameSync, rmSync, unwatchFile, watchFile, writeFileSync } from "node:fs";
import { join } from "node:path";

const POLL_MS = 200;

/** Components that the launcher is to kill at each start, each with its end (milliseconds since the epoch). */
export type Doom = Readonly<Record<string, number>>;

const doomFile = (state: string) => join(state, "run", "doomed.json");

/** Who is doomed now. Any process may ask; the launcher does at each start of a component. */
export function readDoom(state: string, now = Date.now()): Doom {
  try {
    const all = JSON.parse(readFileSync(doomFile(state), "utf8")) as Doom;
    return Object.fromEntries(Object.entries(all).filter(([, until]) => until > now));
  } catch {
    return {};
  }
}

/** Dooms a component until a time, or with `undefined` spares it. */
export function writeDoom(state: string, component: string, until: number | undefined): void {
  const { [component]: _, ...others } = readDoom(state);
  const doom: Doom = until === undefined ? others : { ...others, [component]: until };
  const file = doomFile(state);
  writeFileSync(`${file}.new`, JSON.stringify(doom));
  renameSync(`${file}.new`, file);
}

/** Spares everybody: a new stack begins without faults. */
export function clearDoom(state: string): void {
  rmSync(doomFile(state), { force: true });
}

/** Calls back when the list changes, which `lab break` and `lab fix` do from another process; what it gives ends that. */
export function watchDoom(state: string, changed: (doom: Doom) => void): () => void {
  const file = doomFile(state);
  const listener = () => changed(readDoom(state));
  watchFile(file, { interval: POLL_MS, persistent: false }, listener);
  return () => unwatchFile(file, listener);
}
