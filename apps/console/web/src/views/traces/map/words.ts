/** `3.4/s`, `12/min`. */
export function rate(perSecond: number): string {
  if (perSecond < 0.5) return `${Number((perSecond * 60).toPrecision(2))}/min`;
  return `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`;
}

/** `0 % failed`, `failures unknown`. */
export const failedWords = (share: number | undefined): string =>
  share === undefined ? "failures unknown" : `${percent(share)} failed`;

/** `0 %`, `0.4 %`, `12 %`. */
export const percent = (share: number): string =>
  `${share === 0 || share >= 0.0995 ? Math.round(share * 100) : (share * 100).toFixed(1)} %`;
