import { layoutFaults } from "./support/layout.ts";
import { grafanaTarget, type Look } from "./support/targets.ts";
import { expect, test } from "./support/test.ts";

/** Returns the HTML of a panel in Grafana 12 (@grafana/ui PanelChrome), with the parts that are checked. */
const panel = (inside: string, { title = "Latest traces", status = "" } = {}) => `
  <section data-testid="data-testid Panel header ${title}" style="width: 400px; font: 14px sans-serif">
    <div data-testid="data-testid header-container" style="display: flex">
      <h2 title="${title}" style="overflow: hidden; white-space: nowrap; text-overflow: ellipsis; max-width: 150px">${title}</h2>
      ${status}
    </div>
    <div data-testid="data-testid panel content" style="width: 400px; overflow: auto">${inside}</div>
  </section>`;

/** Returns the HTML of a table in Grafana's grid: columns out of view may be missing in the page. */
const table = (widths: readonly number[], columns = widths.length) => `
  <div role="treegrid" aria-colcount="${columns}" style="width: 400px; overflow: auto">
    <div role="row" style="display: flex; width: max-content">
      ${widths.map((width) => `<div role="columnheader" style="width: ${width}px">Column</div>`).join("")}
    </div>
  </div>`;

const message = (text: string) => `<div data-testid="data-testid Panel data error message">${text}</div>`;

const SEEN: Record<string, [html: string, state: Look["state"], faults: readonly RegExp[]]> = {
  "a table that fits": [panel(table([100, 200, 100])), "data", []],
  "a last column that is out of sight": [panel(table([200, 150, 100])), "data", [/shows 2 of 3 columns/]],
  "a last column that is not in the page": [panel(table([200, 200], 4)), "data", [/shows 2 of 4 columns/]],
  "a title that is too long": [
    panel("<p>1</p>", { title: "Smallest error budget left" }),
    "data",
    [/the title is cut/],
  ],
  "an error": [
    panel("<p>1</p>", { status: '<button data-testid="data-testid Panel status error">!</button>' }),
    "error",
    [],
  ],
  "a panel that loads": [
    panel("<p>1</p>", { status: '<i aria-label="Panel loading bar"></i>' }),
    "loading",
    [],
  ],
  "no data": [panel(message("No data")), "empty", [/it says "No data"/]],
  "no time field": [
    panel(message("Data does not have a time field")),
    "empty",
    [/it says "Data does not have a time field"/],
  ],
  "custom text": [panel(message("No request failed.")), "empty", []],
};

for (const [what, [html, state, faults]] of Object.entries(SEEN))
  test(`in Grafana, ${what} is detected`, async ({ page }) => {
    await page.setContent(html);
    const shown = page.getByTestId(/^data-testid Panel header/);
    expect((await grafanaTarget.look(shown)).state).toBe(state);
    const found = await layoutFaults(shown);
    expect(found).toHaveLength(faults.length);
    for (const [index, fault] of faults.entries()) expect(found[index]).toMatch(fault);
  });

test("in Grafana, a panel that is not in the page yet counts as loading", async ({ page }) => {
  await page.setContent("<main></main>");
  expect((await grafanaTarget.look(grafanaTarget.panel(page, "Lines"))).state).toBe("loading");
});
