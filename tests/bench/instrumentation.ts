import { parseArgs } from "node:util";
import Table from "cli-table3";
import { start } from "./child.ts";
import { type App, type Load, load, type Run, type Sinks } from "./load.ts";
import { median } from "./median.ts";
import { type Variant, variants } from "./variants.ts";

/**
 * Measures the cost of instrumentation: a Hono `GET /hello` under load, without instrumentation, with
 * auto-instrumentations' defaults, and with `packages/telemetry`. They alternate in one run, so that other load on the
 * machine affects all of them. Prints medians and has no pass or fail. `--against <directory>`: also another copy of
 * packages/telemetry, to measure a change.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    rate: { type: "string", default: "2000" },
    against: { type: "string" },
    only: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const LOADS: Record<"atRate" | "flatOut", Load> = {
  atRate: { seconds, connections: 10, rate: Number(values.rate) },
  flatOut: { seconds, connections: 50 },
};

interface Subject {
  variant: Variant;
  app: App;
  atRate: Run[];
  flatOut: Run[];
}

const sinks: Sinks = await start("./sinks.ts");
const subjects: Subject[] = [];
for (const variant of variants(sinks.ready, values.against)) {
  if (values.only && !variant.name.includes(values.only)) continue;
  subjects.push({ variant, app: await start("./app.ts", variant), atRate: [], flatOut: [] });
}

const rounds = Number(values.rounds);
console.log(`Warming up, then ${rounds} rounds of ${subjects.length} variants, twice ${seconds} s each.`);
for (const { app } of subjects) await load(app, sinks, LOADS.flatOut);
for (let round = 0; round < rounds; round += 1) {
  // Each round begins with another variant, so that none always follows the pause or the heaviest variant.
  const turn = subjects.map((_, index) => subjects[(index + round) % subjects.length] as Subject);
  for (const { app, atRate, flatOut } of turn) {
    atRate.push(await load(app, sinks, LOADS.atRate));
    flatOut.push(await load(app, sinks, LOADS.flatOut));
  }
}
for (const child of [sinks, ...subjects.map(({ app }) => app)]) await child.stop();
console.log(table().toString());

function table() {
  const head = [
    "",
    "req/s",
    "of none",
    "p99 ms",
    `CPU µs/req at ${values.rate}/s`,
    "more",
    "flat out",
    "more",
  ];
  const rows = new Table({ head: [...head, "spans/req", "lines/req"], style: { head: [], border: [] } });
  const [none] = subjects;
  if (none) for (const subject of subjects) rows.push(row(subject, none));
  return rows;
}

function row({ variant, atRate, flatOut }: Subject, none: Subject): string[] {
  const of = (runs: Run[], key: keyof Run) => median(runs.map((run) => run[key]));
  const more = (runs: Run[], base: Run[]) =>
    `+${(of(runs, "cpuPerRequest") - of(base, "cpuPerRequest")).toFixed(0)}`;
  return [
    variant.name,
    of(flatOut, "requestsPerSecond").toFixed(0),
    `${((100 * of(flatOut, "requestsPerSecond")) / of(none.flatOut, "requestsPerSecond")).toFixed(0)} %`,
    of(flatOut, "p99Ms").toFixed(0),
    of(atRate, "cpuPerRequest").toFixed(0),
    more(atRate, none.atRate),
    of(flatOut, "cpuPerRequest").toFixed(0),
    more(flatOut, none.flatOut),
    of(flatOut, "spans").toFixed(2),
    of(flatOut, "lines").toFixed(2),
  ];
}
