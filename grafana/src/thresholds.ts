import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { type ThresholdsConfig, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";

/** Colours with the value from which each applies. The first has no value: it is the colour below the second. */
export type Steps = readonly [string, ...(readonly [number, string])[]];

/** Green until `bad`; with `worse`, orange between the two. */
export const goodBelow = (bad: number, worse?: number): Steps =>
  worse === undefined ? ["green", [bad, "red"]] : ["green", [bad, "orange"], [worse, "red"]];

/** Red until `enough`; with `plenty`, orange between the two. */
export const goodAbove = (enough: number, plenty?: number): Steps =>
  plenty === undefined ? ["red", [enough, "green"]] : ["red", [enough, "orange"], [plenty, "green"]];

/** Converts steps to Grafana's thresholds. */
export const thresholds = ([first, ...rest]: Steps): Builder<ThresholdsConfig> => ({
  build: () => ({
    mode: ThresholdsMode.Absolute,
    steps: [{ value: null, color: first }, ...rest.map(([value, color]) => ({ value, color }))],
  }),
});
