import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildConsole, HOST, REPOSITORY, startStack } from "@lgtm-lab/stack";
import { WAYS, type Way } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { findChromium } from "./support/chromium.ts";
import { serveControl } from "./support/control.ts";

const STATE = join(REPOSITORY, ".lab/browser");
/** The mix of the demo traffic, which contains some invalid requests. */
const WRONG = WAYS.filter(({ route }) => route === "/b/numbers").map((way) => ({
  ...way,
  path: "/b/numbers?count=0",
}));
const MIX: readonly Way[] = [...WAYS, ...WAYS, ...WAYS, ...WRONG];
const PER_SECOND = 8;

/**
 * `npm run test:browser [url] [-- playwright's own arguments]`: runs the specifications against the console at an
 * address, otherwise against a separate stack with the demo's traffic mix. With `--grafana` the address is Grafana's,
 * and its dashboards are checked.
 */
const args = process.argv.slice(2);
const url = args.find((arg) => /^https?:/.test(arg))?.replace(/\/+$/, "");
const isGrafana = args.includes("--grafana");
const others = args.filter((arg) => arg !== "--grafana" && !/^https?:/.test(arg));
try {
  if (url === undefined) process.exitCode = await onOwnStack();
  else if (isGrafana) process.exitCode = await specifications({ GRAFANA_URL: url }, "--project=Grafana");
  else process.exitCode = await specifications({ CONSOLE_URL: url });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function onOwnStack(): Promise<number> {
  await findChromium(console.log);
  await buildConsole({ progress: console.log });
  await rm(STATE, { recursive: true, force: true });
  const stack = await startStack({ state: STATE, ports: "free" });
  const traffic = new Traffic({ rate: PER_SECOND, ways: MIX, base: ({ gateway }) => stack.address(gateway) });
  const control = await serveControl(stack);
  try {
    return await specifications({
      GATEWAY_URL: stack.address("gateway"),
      CONSOLE_URL: stack.address("console"),
      GRAFANA_URL: stack.address("grafana"),
      LAB_CONTROL_URL: control.address,
      OTLP_URL: `http://${HOST}:${stack.ports.OTELCOL_HTTP_PORT}`,
      TEMPO_URL: stack.address("tempo"),
    });
  } finally {
    control.close();
    await traffic.stop();
    await stack.down();
  }
}

/** Runs Playwright, and returns its exit code. */
async function specifications(where: Record<string, string>, ...more: readonly string[]): Promise<number> {
  const CHROMIUM_BIN = await findChromium(console.log);
  console.log(`${where.CONSOLE_URL ?? where.GRAFANA_URL}, browser ${CHROMIUM_BIN}`);
  const cli = join(REPOSITORY, "node_modules/@playwright/test/cli.js");
  const child = spawn(process.execPath, [cli, "test", "-c", join(import.meta.dirname), ...more, ...others], {
    stdio: "inherit",
    // biome-ignore lint/style/noProcessEnv: passed on unchanged
    env: { ...process.env, ...where, CHROMIUM_BIN },
  });
  const [code] = await once(child, "exit");
  return code ?? 1;
}
