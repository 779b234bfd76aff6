import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ensureBinaries, freePorts, k6Program, PORT_VARIABLES } from "@lgtm-lab/stack";
import { run, runTests } from "../runner/commands.ts";
import { environment, setEnvironment } from "../runner/env.ts";
import { Phases, parsePhases, printProgress, runCommand } from "../runner/phases.ts";
import { compose, composeTls } from "./compose.ts";
import { docker } from "./docker.ts";
import { startEngine } from "./engine.ts";
import { readComposeFile } from "./file.ts";
import { type Images, megabytes, prepareImages } from "./images.ts";
import { untilNetworkIsStable, untilReady } from "./stack.ts";
import { withoutTargets } from "./targets.ts";

/**
 * `npm run test:compose` tests the unchanged docker-compose.yml with a real Docker engine. Steps run in turn; the first
 * failure ends the run. `-- own` runs one group of tests (`grafana`, `e2e`, `browser` or `own`). `-- outage` tests
 * outages of five minutes, also with users of k6; in `own` there is one of one minute, without k6. `-- --keep` leaves
 * everything running.
 */
const TESTS: Record<string, () => Promise<unknown>> = {
  // Runs first, because services that later tests add become values of the dashboards' variables.
  grafana,
  // There is one exemplar per bucket, so the test of a new one must be the only traffic.
  e2e: async () => {
    await compose("stop", "traffic");
    await runTests("tests/e2e/{10,20,30,40,41,45}-*.test.ts", { shared: true });
    await compose("start", "traffic");
  },
  // Runs before the tests that kill and restart containers.
  browser,
  own: () => runTests("tests/compose/[0-9]*.test.ts", { shared: true }),
  // The long variant of a test of `own`.
  outage: async () => {
    await ensureBinaries(printProgress, { only: [], extra: { k6: k6Program } });
    setEnvironment({
      LAB_TEST_OUTAGE_S: environment.LAB_TEST_OUTAGE_S || "300",
      LAB_TEST_OUTAGE_USERS: environment.LAB_TEST_OUTAGE_USERS || "100,400",
    });
    await runTests("tests/compose/47-outage.test.ts", { shared: true });
  },
};
/** Groups that run only if they are selected. */
const LONG = ["outage"];

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: { keep: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const { keep } = values;
  const available = Object.keys(TESTS);
  const unlessNamed = available.filter((name) => !LONG.includes(name));
  const names = parsePhases(positionals, available, unlessNamed);
  const phases = new Phases();
  let images: Images = { services: [], skipped: [], substitutes: [] };
  let stopEngine = async () => {};
  let outcome = "FAILED";
  // Includes the long tests.
  setEnvironment({ LAB_TEST_ALL: "1" });

  try {
    await phases.run("engine", async () => {
      stopEngine = await startEngine({ keep });
    });
    await phases.run("images", async () => {
      await removeAll(); // what a killed run has left
      images = await prepareImages();
      await reportSizes();
    });
    await phases.run("up", async () => {
      // Other ports, so that it runs beside any other stack; this also tests the variables of the ports.
      const ports = await freePorts();
      setEnvironment(Object.fromEntries(PORT_VARIABLES.map((name) => [name, `${ports[name]}`])));
      setEnvironment({ LAB_TARGETS: await withoutTargets(images.skipped), LAB_TEST_STACK: "compose" });
      setEnvironment({ LAB_TEST_SERVICES: images.services.join(",") });
      await compose("up", "-d", "--no-build", ...images.services);
      await untilReady(images.services.filter((name) => name !== "init"));
    });
    for (const name of names)
      if (!images.skipped.includes(name)) await phases.run(name, async () => TESTS[name]?.());
    outcome = "All passed";
  } finally {
    if (!keep) await phases.run("down", () => tidyUp(images, stopEngine));
    phases.report(outcome);
    if (images.skipped.length > 0)
      console.log(`Skipped, because no image is available: ${images.skipped.join(", ")}.`);
  }
});

async function reportSizes(): Promise<void> {
  const file = readComposeFile();
  for (const [name, service] of [
    ["services", file.gateway],
    ["console", file.console],
  ] as const)
    printProgress(`lgtm-lab/${name}: ${(await megabytes(service?.image ?? "")).toFixed(0)} MB`);
}

async function tidyUp({ services }: Images, stopEngine: () => Promise<void>): Promise<void> {
  if (!("DOCKER_HOST" in environment) && services.length === 0) return;
  await removeAll().catch((error) => console.error(String(error)));
  await docker("image", "prune", "-f").catch(() => "");
  await rm(environment.LAB_TARGETS ?? "", { recursive: true, force: true });
  await stopEngine();
}

/** Removes the containers, networks and volumes, also those with TLS. */
async function removeAll(): Promise<void> {
  await composeTls({}, "down", "-v", "--remove-orphans");
}

async function browser(): Promise<void> {
  const specs = ["10-first-view", "15-follow", "20-dashboards", "40-traces-logs", "60-incident"];
  const at = (port: string | undefined) => `http://127.0.0.1:${port}`;
  const env = {
    GRAFANA_URL: grafanaUrl(),
    OTLP_URL: at(environment.OTELCOL_HTTP_PORT),
    TEMPO_URL: at(environment.TEMPO_PORT),
  };
  await untilNetworkIsStable();
  await run("node", ["tests/browser/run.ts", at(environment.CONSOLE_PORT), ...specs], { env });
}

function grafanaUrl(): string {
  return `http://127.0.0.1:${environment.GRAFANA_PORT}`;
}

/** `npm run test:grafana` on the Grafana in its container, with the admin password that `init` has generated. */
async function grafana(): Promise<void> {
  const reading = ["--entrypoint", "cat", "init", "/volumes/secrets/grafana-admin-password"];
  const GF_SECURITY_ADMIN_PASSWORD = await compose("run", "--rm", "-T", ...reading);
  await run("node", ["tests/grafana/run.ts", grafanaUrl()], { env: { GF_SECURITY_ADMIN_PASSWORD } });
}
