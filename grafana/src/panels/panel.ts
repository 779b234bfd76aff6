import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type {
  DashboardLink,
  DynamicConfigValue,
  Panel,
  ThresholdsConfig,
  ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import {
  type EmptyWhenHealthy,
  type EmptyWhenOff,
  healthySentence,
  LOAD_TEST_SENTENCE,
  offSentence,
} from "../empty-panels.ts";
import { type DataLink, linkBuilder } from "../links.ts";
import type { Target } from "../targets.ts";
import { type Steps, thresholds } from "../thresholds.ts";
import { DATA_SOURCES, type DataSourceName } from "../uids.ts";

/** A panel with its size: the width in 24 columns, and the height in rows of 30 pixels. */
export interface PlacedPanel {
  readonly panel: Builder<Panel>;
  readonly width: number;
  readonly height: number;
}

/** The options of every type of panel. */
export interface PanelSpec {
  readonly title: string;
  /** Describes what the panel shows, how it is computed if that is not obvious, and how to read it. */
  readonly description: string;
  readonly targets: readonly [Target, ...Target[]];
  readonly width: number;
  readonly height: number;
  /** Default: Prometheus. */
  readonly from?: DataSourceName;
  /** Grafana's id of a unit: `s`, `reqps`, `percentunit` (1 is 100 %). */
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly steps?: Steps;
  readonly mappings?: readonly ValueMapping[];
  readonly links?: readonly DataLink[];
  /** Settings of single series or columns, by the name that is shown. */
  readonly overrides?: Readonly<Record<string, DynamicConfigValue[]>>;
  /** Fewer points than pixels, for panels that draw cells or bars. */
  readonly maxDataPoints?: number;
  /** The panel's own time range up to now: `1m`, `${variable}s`. Ignored if the dashboard has a fixed time range. */
  readonly timeFrom?: string;
  readonly emptyWhenHealthy?: EmptyWhenHealthy;
  readonly emptyWhenOff?: EmptyWhenOff;
  /** The text of a panel that is empty unless a load test ran. */
  readonly emptyWithoutLoadTest?: string;
}

/** The common options of all panels. */
interface PanelBuilder {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: { type: string; uid: string }): this;
  withTarget(target: ReturnType<Target>): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  thresholds(thresholds: Builder<ThresholdsConfig>): this;
  mappings(mappings: ValueMapping[]): this;
  dataLinks(links: Builder<DashboardLink>[]): this;
  overrideByName(name: string, properties: DynamicConfigValue[]): this;
  maxDataPoints(points: number): this;
  timeFrom(range: string): this;
  noValue(text: string): this;
}

const LETTERS = "ABCDEFGH";

/** Sets the options of `builder` that do not affect how the panel draws. */
export function setCommonOptions<B extends PanelBuilder>(builder: B, spec: PanelSpec): B {
  const empty = emptyOf(spec);
  builder
    .title(spec.title)
    .description(empty ? `${spec.description} ${empty.sentence}` : spec.description)
    .datasource(DATA_SOURCES[spec.from ?? "prometheus"])
    .thresholds(thresholds(spec.steps ?? ["green"]));
  for (const [index, target] of spec.targets.entries()) builder.withTarget(target(LETTERS.charAt(index)));
  if (spec.unit !== undefined) builder.unit(spec.unit);
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  if (spec.mappings) builder.mappings([...spec.mappings]);
  if (spec.links) builder.dataLinks(spec.links.map(linkBuilder));
  if (spec.maxDataPoints !== undefined) builder.maxDataPoints(spec.maxDataPoints);
  if (spec.timeFrom !== undefined) builder.timeFrom(spec.timeFrom);
  if (empty) builder.noValue(empty.text);
  for (const [name, properties] of Object.entries(spec.overrides ?? {}))
    builder.overrideByName(name, properties);
  return builder;
}

/** Returns the text of a panel that may be empty, and the sentence that declares it. */
function emptyOf({ emptyWhenHealthy, emptyWhenOff, emptyWithoutLoadTest }: PanelSpec) {
  if (emptyWhenHealthy) return { text: emptyWhenHealthy.text, sentence: healthySentence(emptyWhenHealthy) };
  if (emptyWhenOff) return { text: emptyWhenOff.text, sentence: offSentence(emptyWhenOff) };
  if (emptyWithoutLoadTest) return { text: emptyWithoutLoadTest, sentence: LOAD_TEST_SENTENCE };
  return undefined;
}

/** Returns the builder of a panel, with the size in its definition. */
export const placed = (panel: Builder<Panel>, { width, height }: PanelSpec): PlacedPanel => ({
  panel,
  width,
  height,
});
