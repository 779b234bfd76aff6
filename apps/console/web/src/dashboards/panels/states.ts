/** A stretch of time in which a series was in one state. */
export interface Stretch {
  readonly from: number;
  to: number;
  readonly text: string;
  readonly colour: string;
  /** Which of the series' points it begins with. */
  readonly index: number;
}

export interface StateRow {
  readonly times: readonly number[];
  readonly stretches: readonly Stretch[];
}

/** Points that follow one another in the same state are one stretch; where points are missing there is none. */
export function statesOf(
  times: readonly number[],
  values: readonly unknown[],
  stepMs: number,
  display: (value: unknown) => { readonly text: string; readonly colour: string },
): StateRow {
  const stretches: Stretch[] = [];
  for (const [index, time] of times.entries()) {
    const value = values[index];
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    const { text, colour } = display(value);
    const next = times[index + 1];
    const last = stretches.at(-1);
    const lasts = stepMs > 0 ? stepMs : (next ?? time) - time;
    const end = next === undefined || (stepMs > 0 && next - time > stepMs * 1.5) ? time + lasts : next;
    if (last && last.to >= time && last.text === text && last.colour === colour) last.to = end;
    else stretches.push({ from: time, to: end, text, colour, index });
  }
  return { times, stretches };
}
