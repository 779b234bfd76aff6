import { test as base } from "@playwright/test";
import { env } from "./env.ts";
import { Guard } from "./guard.ts";

export { expect } from "@playwright/test";

/** A test whose page sends requests only to this machine, and has no unexpected errors. */
export const test = base.extend<{ guard: Guard }>({
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
