import { filledBy } from "../empty-when-well.ts";
import { type DashboardJson, type PanelJson, panelsOf, type TargetJson } from "./model.ts";
import { references } from "./substitute.ts";

/** Few kinds: the console has to draw every one of them. */
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

/** What Grafana defines by itself, in queries, titles and links. */
const BUILT_IN = /^__\w+$/;

/** What is wrong with one of these dashboards as a document, in sentences. */
export function wrongStructure(
  dashboard: DashboardJson,
  dashboards: readonly DashboardJson[],
  sources: ReadonlyMap<string, { readonly type: string }>,
): string[] {
  const variables = variablesOf(dashboard);
  const complaints = [
    ...repeated(dashboard.panels.map(({ id }) => id)).map((id) => `two panels have the id ${id}`),
    ...repeated(panelsOf(dashboard).map(({ title }) => title)).map(
      (title) => `two panels are called "${title}"`,
    ),
    ...overlaps(dashboard.panels),
    ...wrongLinks(dashboard, dashboards),
    ...(dashboard.title.includes("?") ? [] : ["the title asks no question"]),
    ...(dashboard.description ? [] : ["there is no description"]),
  ];
  for (const panel of panelsOf(dashboard))
    for (const complaint of wrongPanel(panel, variables, sources))
      complaints.push(`"${panel.title}": ${complaint}`);
  return complaints.map((complaint) => `${dashboard.uid}: ${complaint}`);
}

function wrongPanel(
  panel: PanelJson,
  variables: ReadonlySet<string>,
  sources: ReadonlyMap<string, { readonly type: string }>,
): string[] {
  const targets = panel.targets ?? [];
  const noValue = panel.fieldConfig?.defaults.noValue;
  const complaints: string[] = [];
  if (!PANEL_TYPES.has(panel.type))
    complaints.push(`the type ${panel.type} is not one that the console draws`);
  if (!panel.title || !panel.description) complaints.push("a title and a description are needed");
  if (targets.length === 0) complaints.push("it asks nothing");
  if (filledBy(panel).length > 0 !== (noValue !== undefined))
    complaints.push("what may be empty says so twice: by noValue and in the description");
  for (const { refId } of repeatedBy(targets)) complaints.push(`two queries are called ${refId}`);
  for (const target of targets)
    for (const complaint of wrongTarget(target, panel, variables, sources))
      complaints.push(`query ${target.refId}: ${complaint}`);
  return complaints;
}

function wrongTarget(
  target: TargetJson,
  panel: PanelJson,
  variables: ReadonlySet<string>,
  sources: ReadonlyMap<string, { readonly type: string }>,
): string[] {
  const complaints: string[] = [];
  const source = sources.get(target.datasource.uid);
  if (source?.type !== target.datasource.type)
    complaints.push(`there is no ${JSON.stringify(target.datasource)}`);
  if (target.datasource.uid !== panel.datasource?.uid) complaints.push("its data source is not the panel's");
  const text = target.expr ?? target.query ?? "";
  for (const name of references(text))
    if (!variables.has(name) && !BUILT_IN.test(name)) complaints.push(`there is no variable ${name}`);
  const fromPrometheus = source?.type === "prometheus";
  if (fromPrometheus && target.exemplar === undefined)
    complaints.push("it does not say whether it wants exemplars");
  if (fromPrometheus && target.exemplar && !text.includes("_bucket"))
    complaints.push("only buckets have exemplars");
  const drawn = panel.type === "timeseries" || panel.type === "stat" || panel.type === "bargauge";
  if (drawn && !target.legendFormat) complaints.push("its series have no legend");
  return complaints;
}

function overlaps(panels: readonly PanelJson[]): string[] {
  const complaints = panels
    .filter(({ gridPos: { x, y, w, h } }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > 24)
    .map(({ title }) => `"${title}" is off the grid`);
  for (const [index, one] of panels.entries())
    for (const other of panels.slice(index + 1))
      if (touch(one.gridPos, other.gridPos)) complaints.push(`"${one.title}" and "${other.title}" overlap`);
  return complaints;
}

const touch = (a: PanelJson["gridPos"], b: PanelJson["gridPos"]) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Every link to a dashboard, wherever in the document it is. */
const LINK = /"\/d\/([^"?]+)(?:\?([^"]*))?"/g;

function wrongLinks(dashboard: DashboardJson, dashboards: readonly DashboardJson[]): string[] {
  const variables = variablesOf(dashboard);
  return [...JSON.stringify(dashboard).matchAll(LINK)].flatMap(([, uid = "", query = ""]) => {
    const target = dashboards.find((other) => other.uid === uid);
    if (!target) return [`a link leads to ${uid}, which is no dashboard`];
    const set = [...query.matchAll(/(?:^|&)var-(\w+)=/g)].map(([, name = ""]) => name);
    const strange = references(query).filter((name) => !variables.has(name) && !BUILT_IN.test(name));
    return [
      ...set
        .filter((name) => !variablesOf(target).has(name))
        .map((name) => `a link sets ${name}, which ${uid} has not`),
      ...strange.map((name) => `a link uses ${name}, which is no variable`),
    ];
  });
}

const variablesOf = ({ templating }: DashboardJson): ReadonlySet<string> =>
  new Set((templating.list ?? []).map(({ name }) => name));

const repeated = <T>(items: readonly T[]): T[] => [
  ...new Set(items.filter((item, index) => items.indexOf(item) !== index)),
];

const repeatedBy = (targets: readonly TargetJson[]) =>
  targets.filter(({ refId }, index) => targets.findIndex((other) => other.refId === refId) !== index);
