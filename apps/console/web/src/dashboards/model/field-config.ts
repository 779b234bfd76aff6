import { type Json, number, readText, record, records } from "../../app/json.ts";

/** Options of fields such as units, colours and thresholds: defaults, and overrides for the fields of a matcher. */
export interface FieldConfig {
  readonly defaults: Json;
  readonly overrides: readonly {
    readonly matcher: { readonly id: string; readonly options: unknown };
    readonly properties: readonly { readonly id: string; readonly value: unknown }[];
  }[];
}

/** Reads the field options of a panel. */
export function readFieldConfig(value: unknown): FieldConfig {
  const { defaults, overrides } = record(value);
  return {
    defaults: readDefaults(record(defaults)),
    overrides: records(overrides)
      .map(({ matcher, properties }) => ({
        matcher: { id: readText(record(matcher).id), options: record(matcher).options },
        properties: records(properties)
          .filter(({ id }) => typeof id === "string")
          .map(({ id, value: property }) => ({
            id: readText(id),
            value: wellFormed(readText(id), property),
          })),
      }))
      .filter(({ matcher }) => matcher.id !== ""),
  };
}

const readDefaults = (defaults: Json): Json =>
  Object.fromEntries(
    Object.entries(defaults)
      .map(([name, value]) => [name, wellFormed(name, value)] as const)
      .filter(([, value]) => value !== undefined),
  );

/** Validated here, because Grafana's library does not validate them. */
function wellFormed(name: string, value: unknown): unknown {
  switch (name) {
    case "unit":
      return typeof value === "string" && value !== "" && !(value in Object.prototype) ? value : undefined;
    case "displayName":
    case "noValue":
      return value === undefined || value === null ? undefined : readText(value) || undefined;
    case "min":
    case "max":
      return number(value);
    case "decimals": {
      const digits = number(value);
      return digits === undefined ? undefined : Math.min(20, Math.max(0, Math.round(digits)));
    }
    case "thresholds":
      return thresholds(record(value));
    case "mappings":
      return records(value).filter((mapping) => typeof mapping.type === "string" && mapping.options);
    case "links":
      return records(value).filter(({ url }) => typeof url === "string");
    case "custom":
      return record(value);
    case "color":
      return typeof record(value).mode === "string" ? value : undefined;
    default:
      return value;
  }
}

function thresholds(value: Json): Json | undefined {
  const steps = records(value.steps).map(({ color, value: from }, index) => ({
    color: readText(color, "green"),
    value: index === 0 ? Number.NEGATIVE_INFINITY : (number(from) ?? 0),
  }));
  if (steps.length === 0) return undefined;
  return { mode: value.mode === "percentage" ? "percentage" : "absolute", steps };
}
