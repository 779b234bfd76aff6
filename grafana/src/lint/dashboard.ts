import { filledBy, TYPES_WITHOUT_NO_VALUE } from "../empty-panels.ts";
import { MIN_WIDTH, TRACE_COLUMNS } from "../panels/table.ts";
import { MAX_FILLED } from "../panels/timeseries.ts";
import { TEXT_COLUMN } from "../promql.ts";
import { type DashboardJson, type PanelJson, panelsOf, type TargetJson } from "../queries/dashboard-json.ts";
import { variableReferences } from "../queries/interpolation.ts";

/** Only panel types that the console can draw. */
export const PANEL_TYPES: ReadonlySet<string> = new Set([
  "timeseries",
  "stat",
  "bargauge",
  "heatmap",
  "state-timeline",
  "table",
  "logs",
  "nodeGraph",
]);

/** Grafana's global variables, in queries, titles and links. */
const GLOBAL_VARIABLE = /^__\w+$/;

/** Returns the problems in the JSON of these dashboards, as sentences. */
export function lintDashboard(
  dashboard: DashboardJson,
  dashboards: readonly DashboardJson[],
  sources: ReadonlyMap<string, { readonly type: string }>,
): string[] {
  const variables = variablesOf(dashboard);
  const problems = [
    ...repeated(dashboard.panels.map(({ id }) => id)).map((id) => `two panels have the id ${id}`),
    ...repeated(panelsOf(dashboard).map(({ title }) => title)).map(
      (title) => `two panels are called "${title}"`,
    ),
    ...lintGrid(dashboard.panels),
    ...lintLinks(dashboard, dashboards),
    ...(dashboard.title.includes("?") ? ["the title is a question: a short noun is enough"] : []),
    ...(dashboard.description?.includes("?")
      ? []
      : ["the description does not say which question it answers"]),
  ];
  for (const panel of panelsOf(dashboard))
    for (const problem of lintPanel(panel, panelsOf(dashboard), variables, sources))
      problems.push(`"${panel.title}": ${problem}`);
  return problems.map((problem) => `${dashboard.uid}: ${problem}`);
}

function lintPanel(
  panel: PanelJson,
  panels: readonly PanelJson[],
  variables: ReadonlySet<string>,
  sources: ReadonlyMap<string, { readonly type: string }>,
): string[] {
  const targets = panel.targets ?? [];
  const noValue = panel.fieldConfig?.defaults.noValue;
  const problems: string[] = [];
  if (!PANEL_TYPES.has(panel.type)) problems.push(`the type ${panel.type} is not supported by the console`);
  if (!panel.title || !panel.description) problems.push("a title or a description is missing");
  if (targets.length === 0) problems.push("it has no query");
  if (filledBy(panel).length > 0 !== (noValue !== undefined))
    problems.push("noValue and the last sentence of the description are only valid together");
  if (filledBy(panel).length > 0 && TYPES_WITHOUT_NO_VALUE.has(panel.type) && !hasEmptyText(panel, panels))
    problems.push("it has no text for an empty result");
  for (const name of variableReferences(panel.timeFrom ?? ""))
    if (!variables.has(name)) problems.push(`its time range uses the unknown variable ${name}`);
  problems.push(...lintTitleLength(panel), ...lintColumnWidths(panel), ...lintFilledAreas(panel));
  for (const { refId } of repeatedTargets(targets)) problems.push(`two queries are called ${refId}`);
  for (const target of targets)
    for (const problem of lintTarget(target, panel, variables, sources))
      problems.push(`query ${target.refId}: ${problem}`);
  return problems;
}

/** Pixels for all panels of a row in a window of 1280 pixels, with and without Grafana's menu docked to its left. */
const ROW_WIDTHS = { docked: 984, undocked: 1264 };
const GAP = 8;

/** Returns the inner width of a panel in a window of 1280 pixels. */
const widthOf = ({ gridPos: { w } }: PanelJson, row: number): number => ((row + GAP) * w) / 24 - GAP - 2;

/** The width of a letter of a title, and of the padding and the description icon beside the title. */
const [LETTER, BESIDE] = [7.6, 62];

function lintTitleLength(panel: PanelJson): string[] {
  const fits = Math.floor((widthOf(panel, ROW_WIDTHS.docked) - BESIDE) / LETTER);
  return panel.title.length > fits ? [`only ${fits} letters of the title fit`] : [];
}

/**
 * The width that a table needs in addition to its columns: a scrollbar and, for traces, the button that shows spans.
 */
const [SCROLLBAR, UNFOLD] = [16, 50];

/** Returns the problems of a table's columns, which must fit at 1280 pixels even when Grafana's menu is docked. */
function lintColumnWidths(panel: PanelJson): string[] {
  if (panel.type !== "table") return [];
  const widths = (panel.fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
    properties.filter(({ id }) => id === "custom.width").map(({ value }) => Number(value)),
  );
  if (widths.length === 0) return ["its columns have no widths, and the last ones may be out of sight"];
  const others = columnsShown(panel) - widths.length;
  const needed =
    widths.reduce((sum, width) => sum + width, SCROLLBAR + others * MIN_WIDTH) +
    (panel.datasource?.type === "tempo" ? UNFOLD : 0);
  const available = widthOf(panel, ROW_WIDTHS.docked);
  return needed > available
    ? [`its columns need ${needed} pixels, and there are ${Math.floor(available)}`]
    : [];
}

/** Counts the columns that are shown together. The row of `orTextRow` has its own column for the text. */
function columnsShown({ datasource, transformations = [] }: PanelJson): number {
  const [{ options } = {}] = transformations as {
    options?: { indexByName?: object; excludeByName?: object };
  }[];
  if (datasource?.type === "tempo")
    return TRACE_COLUMNS - (Object.keys(options?.excludeByName ?? {}).length > 0 ? 1 : 0);
  return Object.keys(options?.indexByName ?? {}).filter((name) => name !== TEXT_COLUMN).length;
}

/** Filled areas that are not stacked hide each other. */
function lintFilledAreas({ type, targets = [], fieldConfig }: PanelJson): string[] {
  const { fillOpacity = 0, stacking } = fieldConfig?.defaults.custom ?? {};
  if (type !== "timeseries" || fillOpacity === 0 || stacking?.mode === "normal") return [];
  const many =
    targets.length > MAX_FILLED || targets.some(({ legendFormat }) => legendFormat?.includes("{{"));
  return many ? ["more than three filled areas may cover one another"] : [];
}

/** Returns whether Grafana shows a text for an empty panel: by a row in the panel, or by a stat directly above it. */
function hasEmptyText(panel: PanelJson, panels: readonly PanelJson[]): boolean {
  const emptyText = panel.fieldConfig?.defaults.noValue;
  if (emptyText === undefined || panel.type === "logs") return false;
  if (panel.datasource?.type !== "tempo")
    return (panel.targets ?? []).some(
      ({ expr = "" }) => expr.includes("or on ()") && expr.includes(JSON.stringify(emptyText)),
    );
  const { x, y, w } = panel.gridPos;
  return panels.some(
    ({ type, gridPos, fieldConfig }) =>
      type === "stat" &&
      gridPos.x === x &&
      gridPos.w === w &&
      gridPos.y + gridPos.h === y &&
      JSON.stringify(fieldConfig?.defaults.mappings ?? []).includes(JSON.stringify(emptyText)),
  );
}

function lintTarget(
  target: TargetJson,
  panel: PanelJson,
  variables: ReadonlySet<string>,
  sources: ReadonlyMap<string, { readonly type: string }>,
): string[] {
  const problems: string[] = [];
  const source = sources.get(target.datasource.uid);
  if (source?.type !== target.datasource.type)
    problems.push(`unknown data source ${JSON.stringify(target.datasource)}`);
  if (target.datasource.uid !== panel.datasource?.uid) problems.push("its data source is not the panel's");
  const text = target.expr ?? target.query ?? "";
  for (const name of variableReferences(text))
    if (!variables.has(name) && !GLOBAL_VARIABLE.test(name)) problems.push(`unknown variable ${name}`);
  const fromPrometheus = source?.type === "prometheus";
  if (fromPrometheus && target.exemplar === undefined) problems.push("the field exemplar is missing");
  if (fromPrometheus && target.exemplar && !text.includes("_bucket"))
    problems.push("only buckets have exemplars");
  const drawn = panel.type === "timeseries" || panel.type === "stat" || panel.type === "bargauge";
  if (drawn && !target.legendFormat) problems.push("its series have no legend");
  return problems;
}

function lintGrid(panels: readonly PanelJson[]): string[] {
  const problems = panels
    .filter(({ gridPos: { x, y, w, h } }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > 24)
    .map(({ title }) => `"${title}" is outside the grid`);
  for (const [index, one] of panels.entries())
    for (const other of panels.slice(index + 1))
      if (overlap(one.gridPos, other.gridPos)) problems.push(`"${one.title}" and "${other.title}" overlap`);
  return problems;
}

const overlap = (a: PanelJson["gridPos"], b: PanelJson["gridPos"]) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Every link to a dashboard, anywhere in the document. */
const LINK = /"\/d\/([^"?]+)(?:\?([^"]*))?"/g;

function lintLinks(dashboard: DashboardJson, dashboards: readonly DashboardJson[]): string[] {
  const variables = variablesOf(dashboard);
  return [...JSON.stringify(dashboard).matchAll(LINK)].flatMap(([, uid = "", query = ""]) => {
    const target = dashboards.find((other) => other.uid === uid);
    if (!target) return [`a link leads to ${uid}, which is not a dashboard`];
    const set = [...query.matchAll(/(?:^|&)var-(\w+)=/g)].map(([, name = ""]) => name);
    const unknown = variableReferences(query).filter(
      (name) => !variables.has(name) && !GLOBAL_VARIABLE.test(name),
    );
    return [
      ...set
        .filter((name) => !variablesOf(target).has(name))
        .map((name) => `a link sets ${name}, which ${uid} does not have`),
      ...unknown.map((name) => `a link uses ${name}, which is not a variable`),
    ];
  });
}

const variablesOf = ({ templating }: DashboardJson): ReadonlySet<string> =>
  new Set((templating.list ?? []).map(({ name }) => name));

const repeated = <T>(items: readonly T[]): T[] => [
  ...new Set(items.filter((item, index) => items.indexOf(item) !== index)),
];

const repeatedTargets = (targets: readonly TargetJson[]) =>
  targets.filter(({ refId }, index) => targets.findIndex((other) => other.refId === refId) !== index);
