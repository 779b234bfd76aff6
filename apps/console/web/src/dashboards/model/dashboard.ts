import { type Json, number, readFlag, readText, readTexts, record, records } from "../../app/json.ts";
import { type Link, readLinks } from "./link.ts";
import { MAX_QUERIES, type Panel, readPanel } from "./panel.ts";
import { type DataSourceRef, readDataSource, readTarget, type Target } from "./target.ts";
import { readVariable, type Variable } from "./variable.ts";

/** The parts of a dashboard that the console draws. Missing and invalid values are replaced by defaults. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly from: string;
  readonly to: string;
  /** The refresh interval such as `5s`, or an empty string for none. */
  readonly refresh: string;
  /** Whether all panels show the time under the cursor. */
  readonly sharedCrosshair: boolean;
  readonly timezone: string;
  readonly variables: readonly Variable[];
  readonly annotations: readonly Annotation[];
  readonly links: readonly Link[];
  readonly sections: readonly Section[];
  /** Messages about parts of the file that are not shown. */
  readonly remarks: readonly string[];
}

/** Panels below a heading. The first section may have no heading. */
export interface Section {
  readonly key: string;
  readonly title: string;
  readonly collapsed: boolean;
  readonly hasHeading: boolean;
  readonly panels: readonly Panel[];
}

export interface Annotation {
  readonly name: string;
  readonly enabled: boolean;
  readonly colour: string;
  readonly datasource: DataSourceRef;
  readonly target: Target;
  readonly titleFormat: string;
  readonly textFormat: string;
}

/** The maximum number of panels. Prevents a large file from blocking the page. */
const MAX_PANELS = 250;

/** Parses a dashboard's JSON. Throws only if it is not an object. */
export function readDashboard(json: unknown): Dashboard {
  const document = record(record(json).dashboard ?? json);
  if (!Array.isArray(document.panels))
    throw new Error("This is not a dashboard that the console can draw: it has no list of panels.");
  const all = records(document.panels);
  const time = record(document.time);
  const skipped = document.panels.length - all.length;
  const tooMany = count(all) - MAX_PANELS;
  return {
    uid: readText(document.uid),
    title: readText(document.title, "Untitled dashboard"),
    description: readText(document.description),
    tags: readTexts(document.tags),
    from: readText(time.from, "now-1h"),
    to: readText(time.to, "now"),
    refresh: readText(document.refresh),
    sharedCrosshair: number(document.graphTooltip) !== undefined && document.graphTooltip !== 0,
    timezone: readText(document.timezone, "browser") || "browser",
    variables: records(record(document.templating).list)
      .map(readVariable)
      .filter(({ name }) => name !== ""),
    annotations: records(record(document.annotations).list)
      .filter(({ builtIn }) => !builtIn)
      .map(readAnnotation),
    links: readLinks(document.links),
    sections: sectionsOf(all),
    remarks: [
      ...(skipped > 0 ? [`${skipped} entries in its list of panels are not panels.`] : []),
      ...all
        .flatMap((panel) => (panel.type === "row" ? records(panel.panels) : [panel]))
        .filter(({ targets }) => records(targets).length > MAX_QUERIES)
        .map(
          ({ title }) => `"${readText(title)}" has more than ${MAX_QUERIES} queries; the others are not run.`,
        ),
      ...(tooMany > 0 ? [`It has ${tooMany} more panels than the console draws (${MAX_PANELS}).`] : []),
    ],
  };
}

const count = (panels: readonly Json[]): number =>
  panels.reduce((sum, panel) => sum + (panel.type === "row" ? records(panel.panels).length : 1), 0);

const NO_HEADING = { title: "", collapsed: false, hasHeading: false };

/** Flattens rows. The panels of a collapsed row are inside it, and the panels of an open row follow it. */
function sectionsOf(all: readonly Json[]): Section[] {
  const sections: (Omit<Section, "panels"> & { panels: Panel[] })[] = [
    { ...NO_HEADING, key: "top", panels: [] },
  ];
  let left = MAX_PANELS;
  const ordered = [...all].sort((a, b) => top(a) - top(b));
  for (const [index, json] of ordered.entries()) {
    if (json.type === "row") {
      const inside = records(json.panels).slice(0, left);
      left -= inside.length;
      const panels = inside.map((panel, place) => readPanel(panel, `${index}.${place}`));
      const collapsed = readFlag(json.collapsed);
      sections.push({
        key: `row-${index}`,
        title: readText(json.title),
        collapsed,
        hasHeading: true,
        panels,
      });
    } else if (left-- > 0) {
      // Panels after a collapsed row do not belong to that row.
      if (sections.at(-1)?.collapsed) sections.push({ ...NO_HEADING, key: `after-${index}`, panels: [] });
      sections.at(-1)?.panels.push(readPanel(json, `${index}`));
    }
  }
  return sections.filter(({ hasHeading, panels }) => hasHeading || panels.length > 0);
}

const top = (panel: Json): number => number(record(panel.gridPos).y) ?? Number.MAX_SAFE_INTEGER;

function readAnnotation(json: Json): Annotation {
  const datasource = readDataSource(json.datasource);
  return {
    name: readText(json.name, "Annotation"),
    enabled: readFlag(json.enable, true),
    colour: readText(json.iconColor, "blue"),
    datasource,
    target: readTarget(
      { expr: json.expr, ...record(json.target), datasource: json.datasource },
      datasource,
      0,
    ),
    titleFormat: readText(json.titleFormat),
    textFormat: readText(json.textFormat),
  };
}
