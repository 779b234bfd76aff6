import { test as base } from "@playwright/test";
import { env, LONG } from "./env.ts";
import { PageMonitor } from "./page-monitor.ts";

export { expect } from "@playwright/test";

/** A test whose page sends requests only to this machine, and has no unexpected errors. */
export const test = base.extend<{ monitor: PageMonitor; long: undefined }>({
  // First, so that no page is opened for a skipped test.
  long: [
    async ({ browserName: _ }, use, info) => {
      const isLong = info.tags.includes(LONG) && info.project.name !== "Grafana";
      info.skip(isLong && !env.LAB_TEST_ALL, "npm run test:all runs it");
      await use(undefined);
    },
    { auto: true },
  ],
  monitor: [
    async ({ context }, use, { project }) => {
      const monitor = new PageMonitor([env.CONSOLE_URL, env.GRAFANA_URL]);
      monitor.watch(context);
      await use(monitor);
      // Grafana's pages request resources that anonymous users may not read.
      if (project.name !== "Grafana") monitor.check();
    },
    { auto: true },
  ],
});
