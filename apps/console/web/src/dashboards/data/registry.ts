import {
  booleanOverrideProcessor,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  identityOverrideProcessor,
  numberOverrideProcessor,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from "@grafana/data";
import type { FieldConfig } from "../model/field-config.ts";
import { record } from "../model/read.ts";

type Process = FieldConfigPropertyItem["process"];

/** How each setting of a field is read. (Grafana's own list is not published.) */
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
 * Everything that this panel's settings name: the standard ones, and of the panel type's own (`custom.…`) whichever occur,
 * as they stand.
 */
export function registryFor({ defaults, overrides }: FieldConfig): FieldConfigOptionsRegistry {
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

/** A path is set into an object: not into its prototype. */
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
