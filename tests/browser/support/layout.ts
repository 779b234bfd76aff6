import type { Locator } from "@playwright/test";

/** Grafana's texts for a panel without data. A panel that may be empty must have another text. */
const NOTHING = /\b(?:No data|Data does not have|Data is missing|Cannot visualize)\b[^\n]*/;

/**
 * Defects in the layout of a panel, in sentences: Grafana's text for no data, a title that is cut off, a table with
 * columns out of view. The same for Grafana and the console, which use the same components for titles and tables.
 */
export async function layoutFaults(panel: Locator): Promise<string[]> {
  const { text, title, hiddenColumns } = await panel.evaluate((element) => {
    const heading = element.querySelector("h2, h6");
    const table = "[role=grid], [role=treegrid], [role=table]";
    const tables = [...element.querySelectorAll(table)].filter((one) => !one.parentElement?.closest(table));
    return {
      text: "innerText" in element ? element.innerText : "",
      title: heading ? { shown: heading.clientWidth, needed: heading.scrollWidth } : undefined,
      hiddenColumns: tables.flatMap((one) => {
        const right = Math.min(one.getBoundingClientRect().right, element.getBoundingClientRect().right);
        const headers = [...one.querySelectorAll("[role=columnheader]")];
        // Columns far out of view are not in the page, but the table has their number.
        const all = Number(one.getAttribute("aria-colcount")) || headers.length;
        const visible = headers.filter((header) => header.getBoundingClientRect().right <= right + 1);
        return visible.length < all ? [`${visible.length} of ${all}`] : [];
      }),
    };
  });
  const nothing = NOTHING.exec(text);
  return [
    ...(nothing ? [`it says "${nothing[0]}"`] : []),
    ...(title !== undefined && title.shown < title.needed
      ? [`the title is cut: ${title.shown} of ${title.needed} pixels`]
      : []),
    ...hiddenColumns.map((columns) => `a table shows ${columns} columns`),
  ];
}
