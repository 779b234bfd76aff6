import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";

const colour = (fixedColor: string): DynamicConfigValue[] => [
  { id: "color", value: { mode: "fixed", fixedColor } },
];

/** The colours of the log levels, the same in every graph. */
export const LEVEL_COLOURS: Readonly<Record<string, DynamicConfigValue[]>> = {
  debug: colour("gray"),
  info: colour("green"),
  warning: colour("orange"),
  error: colour("red"),
  critical: colour("purple"),
};
