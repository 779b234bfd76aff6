import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { env } from "./env.ts";

const FOLDER = join(import.meta.dirname, "../../../docs/images");

/** Writes a screenshot to docs/images if `UPDATE_SCREENSHOTS=1`. */
export async function shoot(page: Page, name: string, height = 900): Promise<void> {
  if (!env.UPDATE_SCREENSHOTS) return;
  const before = page.viewportSize() ?? { width: 1280, height: 800 };
  await page.setViewportSize({ width: 1280, height });
  await page.mouse.move(0, 0);
  await page.locator("html").evaluate((html) => html.scrollTo(0, 0));
  await expect(page.locator("[data-panel-state=loading]")).toHaveCount(0);
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled", caret: "hide" });
  await page.setViewportSize(before);
}
