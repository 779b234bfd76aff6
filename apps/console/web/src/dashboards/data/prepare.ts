import {
  applyFieldOverrides,
  type DataFrame,
  FieldType,
  type GrafanaTheme2,
  type InterpolateFunction,
} from "@grafana/data";
import type { FieldConfig } from "../model/field-config.ts";
import { registryFor } from "./registry.ts";

export interface PrepareOptions {
  readonly fieldConfig: FieldConfig;
  /** What a panel of this type has where its file says nothing. */
  readonly defaults: { readonly color?: unknown; readonly custom?: Readonly<Record<string, unknown>> };
  /** Series that were switched off in the legend, by their name. */
  readonly hidden: ReadonlySet<string>;
  readonly theme: GrafanaTheme2;
  readonly timeZone: string;
  readonly replaceVariables: InterpolateFunction;
}

/** Gives each field its unit, colour, links …: what all fields have, then what overrides say about some. */
export function prepared(frames: readonly DataFrame[], options: PrepareOptions): DataFrame[] {
  const fieldConfig = withDefaults(options.fieldConfig, options.defaults, options.hidden);
  return applyFieldOverrides({
    data: [...frames],
    fieldConfig: fieldConfig as never,
    fieldConfigRegistry: registryFor(fieldConfig),
    replaceVariables: options.replaceVariables,
    theme: options.theme,
    timeZone: options.timeZone,
  });
}

const USUAL_THRESHOLDS = {
  mode: "absolute",
  steps: [
    { color: "green", value: Number.NEGATIVE_INFINITY },
    { color: "red", value: 80 },
  ],
};

export function withDefaults(
  { defaults, overrides }: FieldConfig,
  given: PrepareOptions["defaults"],
  hidden: ReadonlySet<string> = new Set(),
): FieldConfig {
  const color = defaults.color ?? given.color;
  const off = { id: "custom.hideFrom", value: { viz: true, legend: false, tooltip: true } };
  return {
    defaults: {
      thresholds: USUAL_THRESHOLDS,
      ...defaults,
      ...(color !== undefined && { color }),
      custom: { ...given.custom, ...(defaults.custom as object) },
    },
    overrides: [
      ...overrides,
      ...[...hidden].map((name) => ({ matcher: { id: "byName", options: name }, properties: [off] })),
    ],
  };
}

/** Whether there is anything to be seen: one value that is neither missing nor NaN. */
export const hasValues = (frames: readonly DataFrame[]): boolean =>
  frames.some(({ fields }) => {
    const shown = fields.some(({ type }) => type !== FieldType.time)
      ? fields.filter(({ type }) => type !== FieldType.time)
      : fields;
    return shown.some(({ values }) =>
      values.some((value) => value !== null && value !== undefined && !Number.isNaN(value)),
    );
  });
