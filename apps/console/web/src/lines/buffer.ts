import { inOrder, type Line } from "./read.ts";

/**
 * Lines that came since, behind those that were there: each once, and at most `most` of them, the oldest go. The end of
 * what was there is compared, since the same moment is asked about twice.
 */
export function appended(before: readonly Line[], more: readonly Line[], most: number): readonly Line[] {
  const known = new Set(before.slice(-more.length * 2 - 500).map(({ key }) => key));
  const fresh = more.filter(({ key }) => !known.has(key));
  return fresh.length === 0 ? before : [...before, ...fresh].sort(inOrder).slice(-most);
}
