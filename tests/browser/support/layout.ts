import type { Locator } from "@playwright/test";

/** Words with which Grafana says that a panel has nothing to draw. A panel that is empty when all is well has words of its own. */
const NOTHING = /\b(?:No data|Data does not have|Data is missing|Cannot visualize)\b[^\n]*/;

/**
 * What a reader of a panel would miss, in sentences: words of Grafana's in the place of data, a title that is cut, a table
 * with columns out of sight. The same for Grafana and for the console, which draw titles and tables by the same components.
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
        // Columns far out of sight are not in the page: the table says how many there are.
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
