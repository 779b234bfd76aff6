import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildConsole, HOST, REPOSITORY, startStack } from "@lgtm-lab/stack";
import { GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { run, runEach } from "../runner/commands.ts";
import { runCommand } from "../runner/phases.ts";
import { findChromium } from "./support/chromium.ts";
import { serveControl } from "./support/control.ts";
import { env, LONG } from "./support/env.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/browser");
/** One invalid request for each gateway. */
const INVALID_REQUESTS = GATEWAY_REQUESTS.filter(({ route }) => route === "/b/numbers").map((request) => ({
  ...request,
  path: "/b/numbers?count=0",
}));
/** Each valid request three times, then the invalid requests: similar to the demo traffic. */
const REQUESTS: readonly GatewayRequest[] = [
  ...GATEWAY_REQUESTS,
  ...GATEWAY_REQUESTS,
  ...GATEWAY_REQUESTS,
  ...INVALID_REQUESTS,
];
const PER_SECOND = 8;

/**
 * The guided incident waits for more than a minute until its alert is resolved. The other test files here run at
 * the same time: a fault of service B does not affect them, and they check no time limits.
 */
const WITH_INCIDENT = [
  "00-page-monitor",
  "05-panel-checks",
  "60-incident",
  "80-invalid-input",
  "90-accessibility",
];

/**
 * `npm run test:browser [url] [-- Playwright arguments]` runs the test files against the console at `url`, or
 * against a separate stack with traffic similar to the demo traffic. With `--grafana`, `url` is a Grafana, whose
 * dashboards are checked.
 */
const args = process.argv.slice(2);
const url = args.find((arg) => /^https?:/.test(arg))?.replace(/\/+$/, "");
const isGrafana = args.includes("--grafana");
const others = args.filter((arg) => arg !== "--grafana" && !/^https?:/.test(arg));
await runCommand(async () => {
  if (url === undefined) await onSeparateStack();
  else if (isGrafana) await runPlaywright({ GRAFANA_URL: url }, "--project=Grafana");
  else await runPlaywright({ CONSOLE_URL: url });
});

async function onSeparateStack(): Promise<void> {
  await findChromium(console.log);
  await buildConsole({ progress: console.log });
  await rm(STATE_FOLDER, { recursive: true, force: true });
  const stack = await startStack({ stateFolder: STATE_FOLDER, ports: "free" });
  const traffic = new Traffic({
    rate: PER_SECOND,
    requests: REQUESTS,
    base: ({ gateway }) => stack.address(gateway),
  });
  const control = await serveControl(stack);
  try {
    await runPlaywright({
      GATEWAY_URL: stack.address("gateway"),
      CONSOLE_URL: stack.address("console"),
      GRAFANA_URL: stack.address("grafana"),
      LAB_CONTROL_URL: control.address,
      LAB_STATE: STATE_FOLDER,
      OTLP_URL: `http://${HOST}:${stack.ports.OTELCOL_HTTP_PORT}`,
      TEMPO_URL: stack.address("tempo"),
    });
  } finally {
    control.close();
    await traffic.stop();
    await stack.down();
  }
}

/** Runs Playwright. Throws when a test fails. */
async function runPlaywright(
  addresses: Record<string, string>,
  ...options: readonly string[]
): Promise<void> {
  const CHROMIUM_BIN = await findChromium(console.log);
  console.log(`${addresses.CONSOLE_URL ?? addresses.GRAFANA_URL}, browser ${CHROMIUM_BIN}`);
  const cli = join(REPOSITORY, "node_modules/@playwright/test/cli.js");
  const selected = env.LAB_TEST_ONLY_LONG ? ["--grep", LONG] : [];
  const playwright = (...args: readonly string[]) =>
    run(process.execPath, [cli, "test", "-c", import.meta.dirname, ...selected, ...options, ...args], {
      env: { ...addresses, CHROMIUM_BIN },
    });
  if (others.length > 0 || isGrafana) return await playwright(...others);
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".spec.ts"));
  const [first = [], second = []] = [false, true].map((together) =>
    files.filter((file) => WITH_INCIDENT.some((name) => file.startsWith(name)) === together),
  );
  await runEach([() => playwright(...first), () => playwright("--workers=2", "--fully-parallel", ...second)]);
}
