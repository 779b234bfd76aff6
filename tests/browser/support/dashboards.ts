import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../../grafana/dashboards");

export interface FilePanel {
  readonly title: string;
  readonly type: string;
  /** Its text when it is empty, if it may be empty: for example, there are not always errors. */
  readonly noValue: string | undefined;
}

export interface FileDashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly FilePanel[];
  /** Its height in rows of the grid. */
  readonly rows: number;
}

interface RawPanel {
  readonly title?: string;
  readonly type: string;
  readonly gridPos: { readonly y: number; readonly h: number };
  readonly panels?: readonly RawPanel[];
  readonly fieldConfig?: { readonly defaults?: { readonly noValue?: string } };
}

/** The dashboards in their files, including panels in rows. */
export const DASHBOARDS: readonly FileDashboard[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")))
  .map(({ uid, title, panels }: { uid: string; title: string; panels: readonly RawPanel[] }) => ({
    uid,
    title,
    rows: Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)),
    panels: panels
      .flatMap((panel) => [panel, ...(panel.panels ?? [])])
      .filter(({ type }) => type !== "row")
      .map(({ title = "", type, fieldConfig }) => ({
        title,
        type,
        noValue: fieldConfig?.defaults?.noValue,
      })),
  }));
