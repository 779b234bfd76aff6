import type { Series } from "./prometheus.ts";

const LIMITED = "tempo_metrics_generator_registry_series_limited_total";

/**
 * How often Tempo has refused in `window` to make a new series from spans, because its limit is reached. The counter may
 * be born with the first refusal, which `increase` does not see. It grows with every span that finds no series, so as long
 * as it stands still no call and no failure is missing.
 */
export const seriesRefused = (window: string): string =>
  `sum((${LIMITED} unless ${LIMITED} offset ${window}) or increase(${LIMITED}[${window}]))`;

/** Whether the answer to {@link seriesRefused} says that something is missing. */
export const anyRefused = (answer: readonly Series[]): boolean =>
  answer.some(({ values }) => Number(values.at(-1)?.[1]) > 0);
