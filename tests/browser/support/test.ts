import { test as base } from "@playwright/test";
import { env, LONG } from "./env.ts";
import { Guard } from "./guard.ts";

export { expect } from "@playwright/test";

/** A test whose page sends requests only to this machine, and has no unexpected errors. */
export const test = base.extend<{ guard: Guard; long: undefined }>({
  // First, so that no page is opened for a skipped test.
  long: [
    async ({ browserName: _ }, use, info) => {
      const isLong = info.tags.includes(LONG) && info.project.name !== "Grafana";
      info.skip(isLong && !env.LAB_TEST_ALL, "npm run test:all runs it");
      await use(undefined);
    },
    { auto: true },
  ],
  guard: [
    async ({ context }, use, { project }) => {
      const guard = new Guard([env.CONSOLE_URL, env.GRAFANA_URL]);
      guard.watch(context);
      await use(guard);
      // Grafana's pages request resources that anonymous users may not read.
      if (project.name !== "Grafana") guard.check();
    },
    { auto: true },
  ],
});
