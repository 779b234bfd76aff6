import { test as base } from "@playwright/test";
import { env } from "./env.ts";
import { Guard } from "./guard.ts";

export { expect } from "@playwright/test";

/** A test whose page must stay on this machine, and must fail at nothing that it did not announce. */
export const test = base.extend<{ guard: Guard }>({
  guard: [
    async ({ context }, use, { project }) => {
      const guard = new Guard([env.CONSOLE_URL, env.GRAFANA_URL]);
      guard.watch(context);
      await use(guard);
      // Grafana's own pages ask for things that a visitor may not have.
      if (project.name !== "Grafana") guard.check();
    },
    { auto: true },
  ],
});
