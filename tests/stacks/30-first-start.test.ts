import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { StoredAlert } from "@lgtm-lab/contracts";
import {
  buildConsole,
  COMPONENTS,
  findTool,
  freePorts,
  HOST,
  type PortVariable,
  readEnvironment,
} from "@lgtm-lab/stack";
import { inContainers } from "../e2e/support/env.ts";
import { type Line, lines } from "../e2e/support/loki.ts";
import { query } from "../e2e/support/prometheus.ts";
import { LAB_CLI } from "../e2e/support/run-lab.ts";
import { type Span, traceOf } from "../e2e/support/tempo.ts";
import { eventually } from "../e2e/support/within.ts";

/** The components that the fake `go` below builds. It finishes when the test allows it. */
const SLOW = ["loki", "tempo"];
/** Longer than the hold time of any alert about a collector without backends. */
const BUILD_MS = 45_000;
/** The time that a component has until it counts as down, and the time from then until the alert fires. */
const ALLOWED_MS = 120_000;
const NOTICED_MS = 20_000;
/** Alerts that can fire because other tests need the CPU time of this machine. */
const LATENCY_ALERTS = /^Slo(Latency|Pace)Burn$/;

/** Replaces Go: lists packages, compiles one every half second, and ends when the program is copied into $GATE. */
const GO = `#!/bin/sh
program="$GATE/$(basename "$PWD")"
if [ "$1" = list ]; then seq -f 'example.com/p%g' 200; exit; fi
while [ "$1" != -o ]; do shift; done
count=0
until [ -e "$program" ]; do
  count=$((count + 1))
  echo "example.com/p$count" >&2
  sleep 0.5
done
cp "$program" "$2"
`;
/** A program that runs but never responds. */
const NEVER_READY = `#!/bin/sh
if [ "$1" = --version ]; then exit; fi
exec sleep 600
`;

interface FirstStart {
  readonly output: string;
  /** The state while Loki and Tempo are being built. */
  readonly built: { readonly output: string; readonly status: number; readonly doctor: Hop[] };
  /** The alerts that fired until all components were ready, except the one that never becomes ready. */
  readonly firedAtStart: string[];
  /** The alerts that fired until the end. */
  readonly fired: string[];
  /** The spans and lines of the requests that were sent before Loki and Tempo were ready. */
  readonly spans: readonly Span[];
  readonly logged: readonly Line[];
  /** Milliseconds from the start of its process to the alert. */
  readonly neverReadyMs: number;
  readonly stored: StoredAlert[];
}

interface Hop {
  readonly signal: string;
  readonly hop: string;
  readonly state: string;
  readonly text: string;
  readonly problems: readonly { readonly cause: string }[];
}

/**
 * Runs a first start with demo traffic: two programs take long to build, and one component never becomes ready. It has
 * the real limit of two minutes, so this runs in parallel with the other tests.
 */
async function firstStart(): Promise<FirstStart> {
  const folder = await mkdtemp(join(tmpdir(), "lab-first-"));
  const [bin, gate, stateFolder, cache] = ["bin", "gate", "state", "cache/lgtm-lab"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  for (const each of [bin, gate, cache]) await mkdir(each, { recursive: true });
  await writeFile(join(bin, "go"), GO, { mode: 0o755 });
  await writeFile(join(bin, "never-ready"), NEVER_READY, { mode: 0o755 });
  // Only the programs are missing; the compile cache of Node is kept.
  await symlink(join(readEnvironment().cache, "node"), join(cache, "node"));
  await buildConsole();
  const paths: Record<string, string> = {};
  const programs = new Map<string, string>();
  for (const { name, program } of COMPONENTS) {
    const path = program.kind === "binary" && !program.optional && (await findTool(name, program));
    if (!path) continue;
    programs.set(name, path);
    if (!SLOW.includes(name)) paths[program.variable] = path;
  }
  paths.NODE_EXPORTER_BIN = join(bin, "never-ready");
  const ports = await freePorts();
  const at = (port: PortVariable) => `http://${HOST}:${ports[port]}`;
  const { basic } = readEnvironment();
  const env = {
    ...basic,
    PATH: `${bin}:${basic.PATH}`,
    GATE: gate,
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, `${port}`])),
    ...paths,
    // No release can be downloaded.
    https_proxy: `http://${HOST}:9`,
    LAB_STATE: stateFolder,
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  const lab = (...args: string[]) =>
    spawn(process.execPath, [LAB_CLI, ...args], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
  const launcher = lab("start");
  const ended = once(launcher, "exit");
  let output = "";
  launcher.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });

  try {
    const began = Date.now();
    const prometheus = at("PROMETHEUS_PORT");
    const firing = 'count by (alertname, service_name) (max_over_time(ALERTS{alertstate="firing"}[10m]))';
    const fired = async () =>
      (await query(prometheus, firing))
        .map(({ metric }) => metric)
        .filter(({ alertname = "" }) => alertname !== "Watchdog" && !LATENCY_ALERTS.test(alertname))
        .map(({ alertname, service_name }) => `${alertname} ${service_name}`)
        .sort();
    const firesFor = (name: string) =>
      eventually(
        `TargetDown of ${name}`,
        async () => (await fired()).includes(`TargetDown ${name}`) && Date.now(),
        ALLOWED_MS + NOTICED_MS,
      );

    await eventually("the console and the gateway are printed", async () =>
      ["console", "gateway"].every((name) => output.includes(`  ${name}: http`)),
    );
    const response = await fetch(`${at("GATEWAY_PORT")}/a/hello?name=first`);
    const traceId = response.headers.get("x-trace-id") ?? "";
    await eventually(
      "the build has run long enough for alerts to fire",
      async () => Date.now() - began > BUILD_MS,
      2 * BUILD_MS,
    );
    const doctor = lab("doctor", "--json");
    const { hops } = JSON.parse((await doctor.stdout.setEncoding("utf8").toArray()).join(""));
    const built = { output, status: response.status, doctor: hops as Hop[] };

    for (const name of SLOW) await symlink(programs.get(name) ?? "", join(gate, name));
    await eventually("Loki and Tempo are ready", async () =>
      SLOW.every((name) => new RegExp(`✓.* ${name} +ready`).test(output)),
    );
    const spans = await eventually(
      "trace of the first request",
      () => traceOf(at("TEMPO_PORT"), traceId, ["gateway", "service-a"]).catch(() => undefined),
      ALLOWED_MS,
    );
    // A service sends its lines when its log worker retries, which may be seconds after Loki is ready.
    const logged = await eventually("log lines of the gateway and service A", async () => {
      const found = await lines(at("LOKI_PORT"), `{service_name=~".+"} | trace_id="${traceId}"`).catch(
        () => [],
      );
      return new Set(found.map(({ labels }) => labels.service_name)).size > 1 && found;
    });
    await eventually("the traffic is ready", async () => /traffic +ready/.test(output), 60_000);
    const firedAtStart = await fired();

    const record = JSON.parse(await readFile(join(stateFolder, "run/node_exporter.component.json"), "utf8"));
    const neverReadyMs = (await firesFor("node_exporter")) - record.startedAt;

    // The component is killed, and its replacement never responds.
    const [program] = (await readdir(cache)).filter((name) => name.startsWith("tempo-"));
    await rm(join(cache, program ?? ""));
    await copyFile(join(bin, "never-ready"), join(cache, program ?? ""));
    const tempo = JSON.parse(await readFile(join(stateFolder, "run/tempo.component.json"), "utf8"));
    process.kill(tempo.process.pid, "SIGKILL");
    await firesFor("tempo");
    const stored = await eventually("both are delivered", async () => {
      const { alerts } = (await (await fetch(`${at("CONSOLE_PORT")}/api/alerts`)).json()) as {
        alerts: StoredAlert[];
      };
      const delivered = alerts.filter(({ labels }) => !LATENCY_ALERTS.test(labels.alertname ?? ""));
      return delivered.length > 1 && delivered;
    });
    return { output, built, firedAtStart, fired: await fired(), spans, logged, neverReadyMs, stored };
  } catch (error) {
    throw new Error(`The output of the start:\n${output}`, { cause: error });
  } finally {
    launcher.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

let result: Promise<FirstStart>;
// Started at the beginning, because it mostly waits.
before(() => {
  if (inContainers) return;
  result = firstStart();
  result.catch(() => {}); // the tests report the error
});

describe("a first start", { skip: inContainers && "tests the native launcher" }, () => {
  it("shows the programs that are being built, the progress, and the addresses that already work", async () => {
    const { built } = await result;
    assert.equal(built.status, 200);
    assert.match(
      built.output,
      /^ {2}Programs: 0 of 2 ready; loki \d+ % built, tempo \d+ % built; about \d min left$/m,
    );
    for (const name of ["console", "gateway", "gateway-rest"]) {
      const line = new RegExp(`^ {2}${name}: http://127.0.0.1:\\d+ \\(ready; still building: (.*)\\)$`, "m");
      const found = line.exec(built.output);
      assert.ok(found, `${name} is named`);
      // A service can be ready before the launcher has found out that the second program is missing.
      const earlier = built.output.slice(0, found.index);
      const missing = ["loki", "tempo"].filter((program) => earlier.includes(`\n  ${program} `));
      assert.equal(found[1], missing.join(", "), name);
      assert.ok(missing.length > 0, name);
    }
    const overall = built.output.match(/^ {2}Programs: /gm) ?? [];
    assert.ok(overall.length <= BUILD_MS / 10_000 + 2, `${overall.length} lines in ${BUILD_MS} ms`);
  });

  it("the doctor reports components as still being built, not as down", async () => {
    const { doctor } = (await result).built;
    const found = (signal: string, hop: string) =>
      doctor.find((each) => each.signal === signal && each.hop === hop);
    assert.equal(found("traces", "tempo is ready")?.text, "tempo is still being downloaded or built");
    assert.equal(found("logs", "loki is ready")?.text, "loki is still being downloaded or built");
    const targets = found("scrape targets", "every target is up");
    assert.equal(targets?.state, "ok", JSON.stringify(targets));
    assert.ok(targets.problems.some(({ cause }) => cause === "tempo is still being downloaded or built"));
  });

  it("no alert fires while a component is built and started, and no data sent in that time is lost", async () => {
    const { firedAtStart, spans, logged } = await result;
    assert.deepEqual(firedAtStart, []);
    assert.ok(spans.length > 1, `${spans.length} spans`);
    assert.deepEqual(logged.map(({ labels }) => labels.service_name).sort(), ["gateway", "service-a"]);
  });

  it("alerts fire for a component that is killed later, and after two minutes for one that never becomes ready", async () => {
    const { fired, stored, neverReadyMs } = await result;
    assert.deepEqual(fired, ["TargetDown node_exporter", "TargetDown tempo"]);
    assert.deepEqual(
      stored.map(({ labels, status }) => `${status} ${labels.alertname} ${labels.service_name}`).sort(),
      fired.map((name) => `firing ${name}`),
    );
    console.log(`    never ready: alerted after ${neverReadyMs} ms`);
    assert.ok(neverReadyMs >= ALLOWED_MS && neverReadyMs < ALLOWED_MS + NOTICED_MS, `${neverReadyMs} ms`);
  });

  it("the start reports what failed, and where to get Grafana", async () => {
    const { output } = await result;
    assert.match(output, /but without node_exporter, which failed/);
    assert.match(output, /grafana +not installed\. .*grafana\.com\/grafana\/download.*GRAFANA_HOME/);
  });
});
