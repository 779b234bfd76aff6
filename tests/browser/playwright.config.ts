import { defineConfig } from "@playwright/test";
import { env } from "./support/env.ts";

const REPOSITORY = `${import.meta.dirname}/../..`;

/** Run by run.ts, which finds the browser, starts the stack and sets the workers. No retries: a flaky test fails. */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: `${REPOSITORY}/.lab/browser-results`,
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  reportSlowTests: { max: 10, threshold: 0 },
  use: {
    baseURL: env.CONSOLE_URL,
    viewport: { width: 1280, height: 800 },
    colorScheme: "dark",
    locale: "en-GB",
    // A snapshot of a thousand log lines takes seconds, and a film of each test a third of the CPU time.
    trace: { mode: "retain-on-failure", snapshots: false, screenshots: false },
    screenshot: "only-on-failure",
    actionTimeout: 10_000,
    launchOptions: {
      ...(env.CHROMIUM_BIN && { executablePath: env.CHROMIUM_BIN }),
      // Names are not resolved: a request to another machine fails, and a failed request fails its test.
      args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"],
      chromiumSandbox: false,
    },
  },
  projects: [
    { name: "console" },
    { name: "Grafana", testMatch: "20-dashboards.spec.ts", use: { baseURL: env.GRAFANA_URL } },
  ],
});
