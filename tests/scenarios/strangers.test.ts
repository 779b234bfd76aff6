import { after, before, describe, it } from "node:test";
import { stored } from "../e2e/support/alerts.ts";
import { lab } from "../e2e/support/lab.ts";
import { within } from "../e2e/support/within.ts";

/** Processes that hang: they hold their ports and answer nobody, and nothing of ours has set that. */
const HANGS = ["service-b", "gateway", "tempo", "loki", "otelcol"];

/** Prometheus takes two failed scrapes of 2 s each for a death. */
const FIRES_MS = 30_000;
const CLEARS_MS = 120_000;

describe("a fault that is not in the list", () => {
  let moment = 0;
  const down = (service_name: string) => ({ alertname: "TargetDown", service_name });

  // Not when this file is loaded: the scenarios before it end with alerts of the same name.
  before(() => {
    moment = Date.now();
  });

  after(async () => {
    const stack = await lab();
    for (const name of HANGS) stack.killComponent(name, "SIGCONT");
  });

  for (const name of HANGS)
    it(`${name} hangs: it is said to be down, and that is delivered`, async () => {
      const stack = await lab();
      stack.killComponent(name, "SIGSTOP");
      try {
        await within(`${name}: TargetDown delivered`, FIRES_MS, () => stored("firing", down(name), moment));
      } finally {
        stack.killComponent(name, "SIGCONT");
      }
    });

  it("goes on, and all of it is resolved", async () => {
    for (const name of HANGS)
      await within(`${name}: resolved`, CLEARS_MS, () => stored("resolved", down(name), moment));
  });
});
