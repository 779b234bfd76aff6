import type { Band } from "../queries/annotations.ts";

type Stretch = Pick<Band, "from" | "to" | "colour">;

/** Bands of one colour that overlap are one: ten alerts at a time hide the graph no more than one does. */
export function merged(bands: readonly Stretch[]): Stretch[] {
  const found: { from: number; to: number; colour: string }[] = [];
  for (const { from, to, colour } of [...bands].sort((a, b) => a.from - b.from)) {
    const last = found.findLast((band) => band.colour === colour);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to, colour });
  }
  return found;
}
