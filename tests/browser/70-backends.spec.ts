import type { Page } from "@playwright/test";
import { canControl, control } from "./support/control.ts";
import { expect, test } from "./support/test.ts";

const OVERVIEW = "/d/lab-overview?from=now-5m&to=now&refresh=5s";
/** The console checks the backends every 5 s, and a backend needs some seconds to start. */
const NOTICED_MS = 20_000;

/** A view that needs a backend, with checks for the time while the backend is down and after its restart. */
interface Case {
  readonly path: string;
  readonly broken: (page: Page) => Promise<void>;
  readonly well: (page: Page) => Promise<void>;
}

const CASES: Record<string, Case> = {
  tempo: {
    path: "/traces",
    broken: async (page) => {
      await page.getByTestId("search").click();
      await expect(page.locator(".problem").first()).toContainText("Tempo");
    },
    well: async (page) => {
      await page.getByTestId("search").click();
      await expect(page.getByTestId("results")).toBeVisible();
    },
  },
  loki: {
    path: "/logs?live=1",
    broken: async (page) =>
      expect(page.locator(".problem").first()).toContainText("Loki", { timeout: NOTICED_MS }),
    well: async (page) => {
      await expect(page.locator(".problem")).toHaveCount(0, { timeout: NOTICED_MS });
      await expect(page.getByTestId("line").first()).toBeVisible();
    },
  },
  prometheus: {
    path: OVERVIEW,
    broken: async (page) =>
      expect(page.locator("[data-panel-state=error]").first()).toContainText("Prometheus", {
        timeout: NOTICED_MS,
      }),
    well: async (page) => {
      await expect(page.locator("[data-panel-state=error]")).toHaveCount(0, { timeout: NOTICED_MS });
      await expect(page.locator("[data-panel-type=timeseries][data-panel-state=data]").first()).toBeVisible();
    },
  },
};

/** Backends that are stopped together, because no page here needs both. */
const TOGETHER = [["tempo", "loki"], ["prometheus"]];

test.describe("a backend that stops while the page is open", () => {
  test.skip(!canControl, "components are stopped only in a stack that the tests started");

  for (const names of TOGETHER)
    test(`${names.join(", ")}: reported as down, and used again after a restart`, async ({
      context,
      monitor,
    }) => {
      test.setTimeout(150_000);
      monitor.allow(/\b50[234]\b/);
      const cases = await Promise.all(
        names.map(async (name) => {
          const { path, broken, well } = CASES[name] as Case;
          const page = await context.newPage();
          await page.goto(path);
          await well(page);
          const banner = page.locator(`.banner[data-upstream=${name}]`);
          return { name, page, broken, well, banner };
        }),
      );
      for (const { name } of cases) await control("stop", name);
      try {
        for (const { name, page, broken, banner } of cases) {
          await expect(banner).toContainText(`${name} is down`, { timeout: NOTICED_MS });
          await expect(banner).toContainText("npm start");
          await broken(page);
        }
      } finally {
        for (const { name } of cases) await control("start", name);
      }
      for (const { page, well, banner } of cases) {
        await expect(banner).toHaveCount(0, { timeout: NOTICED_MS });
        await well(page);
      }
    });

  test("a gateway that is down is reported below the form", async ({ page, monitor }) => {
    monitor.allow(/\b50[234]\b/);
    await page.goto("/?name=Ana");
    await control("stop", "gateway");
    try {
      await page.getByTestId("send-a").click();
      await expect(page.getByTestId("problem")).toContainText("gateway");
    } finally {
      await control("start", "gateway");
    }
    await page.getByTestId("send-a").click();
    await expect(page.getByTestId("response-grpc")).toContainText("Olá, Ana!");
  });
});
