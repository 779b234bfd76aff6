import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type GridPos,
  type Panel,
  type RowPanel,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import type { PlacedPanel } from "./panels/panel.ts";
import { DASHBOARDS, DATA_SOURCES, type DashboardName } from "./uids.ts";

/** Panels under a heading, placed from left to right and then downwards. */
export interface Section {
  readonly title: string;
  readonly panels: readonly PlacedPanel[];
}

export interface DashboardSpec {
  readonly name: DashboardName;
  readonly title: string;
  /** Begins with the question that the dashboard answers. */
  readonly description: string;
  readonly variables?: readonly Builder<VariableModel>[];
  readonly sections: readonly Section[];
}

/** Every dashboard has this tag; the list of dashboards at the top of each uses it. */
const TAG = "lgtm-lab";

const COLUMNS = 24;

/** Returns a complete dashboard, ready to be written as JSON. */
export function dashboard({ name, title, description, variables = [], sections }: DashboardSpec): Dashboard {
  const built = new DashboardBuilder(title)
    .uid(DASHBOARDS[name])
    .description(description)
    .tags([TAG])
    .timezone("browser")
    .time({ from: "now-15m", to: "now" })
    .refresh("5s")
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .variables([...variables])
    .annotations([faults, alerts])
    .link(
      new DashboardLinkBuilder("Dashboards")
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .icon("dashboard")
        .includeVars(true)
        .keepTime(true),
    )
    .build();
  return {
    ...built,
    templating: { list: (built.templating.list ?? []).map(withoutDefaults) },
    annotations: { list: (built.annotations.list ?? []).map(withoutDefaults) },
    links: (built.links ?? []).map(withoutDefaults),
    panels: place(sections),
  };
}

/** Removes what the SDK adds: links and annotations would be hidden in a menu, and interval settings have no effect. */
function withoutDefaults<T extends object>(built: T): T {
  const { placement, auto, auto_min, auto_count, ...rest } = built as Record<string, unknown>;
  return rest as T;
}

/** Fills row after row of 24 columns; a row is as high as its tallest panel. Numbers the panels in reading order. */
function place(sections: readonly Section[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const section of sections) {
    placed.push(heading(section.title, placed.length + 1, y));
    y += 1;
    let [x, rowHeight] = [0, 0];
    for (const { panel, width, height } of section.panels) {
      if (x + width > COLUMNS) {
        y += rowHeight;
        [x, rowHeight] = [0, 0];
      }
      const gridPos: GridPos = { x, y, w: width, h: height };
      placed.push({ ...panel.build(), id: placed.length + 1, gridPos });
      x += width;
      rowHeight = Math.max(rowHeight, height);
    }
    y += rowHeight;
  }
  return placed;
}

const heading = (title: string, id: number, y: number): RowPanel => ({
  type: "row",
  id,
  title,
  collapsed: false,
  gridPos: { x: 0, y, w: COLUMNS, h: 1 },
  panels: [],
});

interface AnnotationSpec {
  readonly name: string;
  readonly colour: string;
  readonly expr: string;
  readonly title: string;
  readonly text: string;
  readonly tags: string;
}

/**
 * Returns an annotation: a band on every graph while `expr` has a value. Sets the query in both forms that Grafana
 * reads.
 */
const annotation = ({ name, colour, expr, title, text, tags }: AnnotationSpec) =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATA_SOURCES.prometheus)
    .enable(true)
    .hide(false)
    .iconColor(colour)
    .target(new DataqueryBuilder().refId("Anno").expr(expr).interval("2s").range())
    .expr(expr)
    .step("2s")
    .titleFormat(title)
    .textFormat(text)
    .tagKeys(tags);

/** The faults that `lab break` sets. */
const faults = annotation({
  name: "Faults",
  colour: "purple",
  expr: "max by (service_name, fault) (lab_fault_active) > 0",
  title: "Fault: {{fault}}",
  text: "{{fault}} is active in {{service_name}}",
  tags: "service_name,fault",
});

/** Alerts that are firing, except Watchdog, which always fires. */
const alerts = annotation({
  name: "Alerts",
  colour: "red",
  expr: 'max by (alertname, service_name, severity) (ALERTS{alertstate="firing",severity!="none"})',
  title: "Alert: {{alertname}}",
  text: "{{alertname}} ({{severity}}) of {{service_name}}",
  tags: "alertname,service_name,severity",
});
