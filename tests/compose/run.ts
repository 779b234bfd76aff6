import { glob, rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { freePorts, PORT_VARIABLES, REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import { compose } from "./compose.ts";
import { startEngine } from "./engine.ts";
import { environment } from "./env.ts";
import { readComposeFile } from "./file.ts";
import { type Images, megabytes, prepareImages } from "./images.ts";
import { say } from "./say.ts";
import { docker, use } from "./sh.ts";
import { untilReady } from "./stack.ts";
import { withoutTargets } from "./targets.ts";

/**
 * `npm run test:compose`: tests the unchanged docker-compose.yml with a real Docker engine. Steps run in turn; the
 * first failure ends the run. `npm run test:compose -- own` runs just those tests (grafana, e2e, browser, own), `--
 * outage` an outage of five minutes, which takes one minute in `own`, and `-- --keep` leaves everything running.
 */
const TESTS: Record<string, () => Promise<unknown>> = {
  // First, because services that later tests add would become values of the dashboards' variables.
  grafana,
  // There is one exemplar per bucket, so the test of a new one must be the only traffic.
  e2e: async () => {
    await compose("stop", "traffic");
    await tests("tests/e2e/{10,20,30,40,41,45}-*.test.ts");
    await compose("start", "traffic");
  },
  // Before the tests that kill and restart: these open every view, follow a request, and go through an incident.
  browser,
  own: () => tests("tests/compose/[0-9]*.test.ts"),
  // The long form of one of these tests.
  outage: async () => {
    use({ LAB_TEST_OUTAGE_S: environment.LAB_TEST_OUTAGE_S || "300" });
    await tests("tests/compose/47-outage.test.ts");
  },
};
/** Only if they are selected. */
const LONG = ["outage"];
const { values, positionals } = parseArgs({
  options: { keep: { type: "boolean", default: false } },
  allowPositionals: true,
});
const { keep } = values;
const unknown = positionals.filter((name) => !(name in TESTS));
if (unknown.length > 0) {
  console.error(`No such tests: ${unknown.join(", ")}. There are: ${Object.keys(TESTS).join(", ")}.`);
  process.exit(2);
}
const took: string[] = [];
let images: Images = { services: [], skipped: [], standIns: [] };
let stopEngine = async () => {};
let failed = false;

try {
  await phase("engine", async () => {
    stopEngine = await startEngine({ keep });
  });
  await phase("images", async () => {
    await compose("down", "-v", "--remove-orphans"); // the rest of a run that was killed
    images = await prepareImages();
    for (const name of ["services", "console"])
      say(
        `lgtm-lab/${name}: ${(await megabytes(readComposeFile()[name === "services" ? "gateway" : name]?.image ?? "")).toFixed(0)} MB`,
      );
  });
  await phase("up", async () => {
    // Other ports, so that it runs beside any other stack; this also tests the variables of the ports.
    const ports = await freePorts();
    use(Object.fromEntries(PORT_VARIABLES.map((name) => [name, `${ports[name]}`])));
    use({ LAB_TARGETS: await withoutTargets(images.skipped), LAB_TEST_STACK: "compose" });
    use({ LAB_TEST_SERVICES: images.services.join(",") });
    await compose("up", "-d", "--no-build", ...images.services);
    await untilReady(images.services.filter((name) => name !== "init"));
  });
  for (const [name, run] of Object.entries(TESTS))
    if (
      (positionals.includes(name) || (positionals.length === 0 && !LONG.includes(name))) &&
      !images.skipped.includes(name)
    )
      await phase(name, run);
} catch (error) {
  failed = true;
  console.error(error instanceof Error ? error.message : error);
} finally {
  if (!keep) await phase("down", () => tidyUp());
}
console.log(`\n${failed ? "FAILED" : "All passed"}: ${took.join(", ")}.`);
if (images.skipped.length > 0)
  console.log(`Skipped, since there is no image of it here: ${images.skipped.join(", ")}.`);
process.exit(failed ? 1 : 0);

async function tidyUp(): Promise<void> {
  if (!("DOCKER_HOST" in environment) && images.services.length === 0) return;
  await compose("down", "-v", "--remove-orphans").catch((error) => console.error(String(error)));
  await docker("image", "prune", "-f").catch(() => "");
  await rm(environment.LAB_TARGETS ?? "", { recursive: true, force: true });
  await stopEngine();
}

async function phase(name: string, work: () => Promise<unknown>): Promise<void> {
  console.log(`\n── ${name} ──`);
  const start = performance.now();
  try {
    await work();
  } finally {
    took.push(`${name} ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
}

async function browser(): Promise<void> {
  const specs = ["10-first-view", "15-follow", "20-dashboards", "40-traces-logs", "60-incident"];
  const at = (port: string | undefined) => `http://127.0.0.1:${port}`;
  await execa("node", ["tests/browser/run.ts", at(environment.CONSOLE_PORT), ...specs], {
    cwd: REPOSITORY,
    env: {
      ...environment,
      GRAFANA_URL: grafanaUrl(),
      OTLP_URL: at(environment.OTELCOL_HTTP_PORT),
      TEMPO_URL: at(environment.TEMPO_PORT),
    },
    stdio: "inherit",
  });
}

function grafanaUrl(): string {
  return `http://127.0.0.1:${environment.GRAFANA_PORT}`;
}

/** `npm run test:grafana` on the Grafana in its container, with the admin password that `init` has generated. */
async function grafana(): Promise<void> {
  const reading = ["--entrypoint", "cat", "init", "/volumes/secrets/grafana-admin-password"];
  const GF_SECURITY_ADMIN_PASSWORD = await compose("run", "--rm", "-T", ...reading);
  await execa("node", ["tests/grafana/run.ts", grafanaUrl()], {
    cwd: REPOSITORY,
    env: { ...environment, GF_SECURITY_ADMIN_PASSWORD },
    stdio: "inherit",
  });
}

/** One process for all files, so that they share the state of the stack. */
async function tests(pattern: string): Promise<void> {
  const files = (await Array.fromAsync(glob(pattern, { cwd: REPOSITORY }))).sort();
  if (files.length === 0) throw new Error(`no test file matches ${pattern}`);
  const flags = ["--test", "--test-isolation=none", "--test-force-exit"];
  await execa("node", [...flags, ...files], { cwd: REPOSITORY, env: environment, stdio: "inherit" });
}
