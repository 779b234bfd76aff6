import type { Locator, Page } from "@playwright/test";
import type { FileDashboard } from "./dashboards.ts";

/** A program that shows dashboards: how to open one, and how to read its panels. */
export interface Target {
  /** Opens a dashboard in a window of this width. */
  readonly open: (page: Page, dashboard: FileDashboard, width: number) => Promise<void>;
  readonly panel: (page: Page, title: string) => Locator;
  /** Returns the current content of a panel. */
  readonly look: (panel: Locator) => Promise<Look>;
}

export interface Look {
  readonly state: "loading" | "data" | "empty" | "error";
  readonly text: string;
}

const quoted = (text: string) => JSON.stringify(text);

const consoleTarget: Target = {
  open: async (page, { uid }, width) => {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`/d/${uid}`);
  },
  panel: (page, title) => page.locator(`[data-panel-title=${quoted(title)}]`),
  look: async (panel) => ({
    state: (await panel.getAttribute("data-panel-state")) as Look["state"],
    text: await panel.innerText(),
  }),
};

/** Pixels of a row of the grid with the gap below it, and what a page has besides its panels. */
const [ROW, BESIDES] = [38, 800];

/**
 * Grafana 11 to 13, with the selectors of its end-to-end tests (@grafana/e2e-selectors). A panel out of view is not in
 * the page there, so the window is as high as the dashboard.
 */
export const grafanaTarget: Target = {
  open: async (page, { uid, rows }, width) => {
    await page.setViewportSize({ width, height: rows * ROW + BESIDES });
    await page.goto(`/d/${uid}`);
  },
  panel: (page, title) => page.getByTestId(`data-testid Panel header ${title}`),
  look: async (panel) => {
    if ((await panel.count()) === 0) return { state: "loading", text: "" };
    const text = await panel.innerText();
    const has = async (selector: string) => (await panel.locator(selector).count()) > 0;
    if (await has('[data-testid="data-testid Panel status error"]')) return { state: "error", text };
    if (await has('[aria-label="Panel loading bar"]')) return { state: "loading", text };
    const content = panel.getByTestId("data-testid panel content");
    if ((await content.count()) === 0 || (await content.innerHTML()) === "")
      return { state: "loading", text };
    if (await has('[data-testid="data-testid Panel data error message"]')) return { state: "empty", text };
    return { state: /^No data$/m.test(text) ? "empty" : "data", text };
  },
};

/** By the name of the project in playwright.config.ts. */
export const targetOf = (project: string): Target => (project === "Grafana" ? grafanaTarget : consoleTarget);
