import {
  applyFieldOverrides,
  booleanOverrideProcessor,
  type DataFrame,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  FieldType,
  type GrafanaTheme2,
  type InterpolateFunction,
  identityOverrideProcessor,
  numberOverrideProcessor,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from "@grafana/data";
import { record } from "../../app/json.ts";
import type { FieldConfig } from "../model/field-config.ts";

export interface PrepareOptions {
  readonly fieldConfig: FieldConfig;
  /** The default options of the panel type. */
  readonly defaults: { readonly color?: unknown; readonly custom?: Readonly<Record<string, unknown>> };
  /** The names of the series that are hidden in the legend. */
  readonly hidden: ReadonlySet<string>;
  readonly theme: GrafanaTheme2;
  readonly timeZone: string;
  readonly replaceVariables: InterpolateFunction;
}

/** Applies options such as unit, colour and links to each field, first the defaults, then the overrides. */
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

/** Merges a panel's field options with the defaults of its type, and hides the given series. */
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

/** Returns whether any value is neither missing nor NaN. */
export const hasValues = (frames: readonly DataFrame[]): boolean =>
  frames.some(({ fields }) => {
    const shown = fields.some(({ type }) => type !== FieldType.time)
      ? fields.filter(({ type }) => type !== FieldType.time)
      : fields;
    return shown.some(({ values }) =>
      values.some((value) => value !== null && value !== undefined && !Number.isNaN(value)),
    );
  });

type Process = FieldConfigPropertyItem["process"];

/** The standard options of a field and their processors. Grafana does not export its list. */
const STANDARD: Readonly<Record<string, unknown>> = {
  displayName: displayNameOverrideProcessor,
  unit: unitOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  decimals: numberOverrideProcessor,
  noValue: stringOverrideProcessor,
  color: identityOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  links: dataLinksOverrideProcessor,
  filterable: booleanOverrideProcessor,
  fieldMinMax: booleanOverrideProcessor,
  description: stringOverrideProcessor,
};

/**
 * Returns the options that a panel uses: the standard options, and the options of the panel type (`custom.…`), which
 * are passed through unchanged.
 */
function registryFor({ defaults, overrides }: FieldConfig): FieldConfigOptionsRegistry {
  const named = overrides.flatMap(({ properties }) => properties.map(({ id }) => id));
  const custom = [
    ...Object.keys(record(defaults.custom)),
    ...named.filter((id) => id.startsWith("custom.")).map((id) => id.slice("custom.".length)),
    "hideFrom",
  ].filter((path) => SAFE.test(path));
  return new FieldConfigOptionsRegistry(() => [
    ...Object.entries(STANDARD).map(([id, process]) => item(id, id, false, process as Process)),
    ...[...new Set(custom)].map((path) => item(`custom.${path}`, path, true, identityOverrideProcessor)),
  ]);
}

/** Matches paths that cannot modify an object's prototype. */
const SAFE = /^(?!.*(?:__proto__|constructor|prototype))[\w.]+$/;

const item = (id: string, path: string, isCustom: boolean, process: Process) =>
  ({
    id,
    path,
    isCustom,
    name: id,
    process,
    shouldApply: () => true,
    settings: {},
  }) as unknown as FieldConfigPropertyItem;
