import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  countResult,
  DASHBOARDS,
  lastSeconds,
  panelQueries,
  readDashboards,
  variableSelections,
} from "@lgtm-lab/grafana";
import { HOST } from "@lgtm-lab/stack";
import writeFileAtomic from "write-file-atomic";
import { value } from "../../e2e/support/prometheus.ts";
import { eventually } from "../../e2e/support/within.ts";
import { type Lab, startLab } from "../lab.ts";
import { type Bench, type Line, median, type Subject } from "../result.ts";

const ROUNDS = 10;
const INSTANCES = [1, 10, 100];
/** The queries cover this time, so every instance must have been scraped for as long. */
const RANGE_SECONDS = 60;
/** A copy of a page is as old as this at most. */
const PAGE_MS = 1_000;
const TARGETS_UP_MS = 60_000;

interface Group {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What was measured with a number of instances. */
interface Step {
  readonly instances: number;
  readonly series: number;
  /** The time of all queries of the Overview dashboard, one after another, in milliseconds. */
  readonly queryMs: readonly number[];
}

/**
 * Measures how the number of series in Prometheus, and the time of all queries of the Overview dashboard, grow with 1, 10 and
 * 100 instances of each service. The instances are simulated: Prometheus scrapes copies of the pages of the real services.
 */
export const growth: Bench = {
  title: "growth: series and query time with more instances of each service",
  async measure({ subjects, rounds = ROUNDS }) {
    const lines: Line[] = [];
    for (const subject of subjects) lines.push(...(await measureOne(subject, rounds)));
    return lines;
  },
};

async function measureOne(subject: Subject, rounds: number): Promise<Line[]> {
  const lab = await startLab(subject);
  let copies: Awaited<ReturnType<typeof servePages>> | undefined;
  const steps: Step[] = [];
  try {
    copies = await servePages(lab);
    for (const instances of INSTANCES) {
      console.log(
        `${instances} instances of each service: ${RANGE_SECONDS} s, then ${rounds} rounds of queries`,
      );
      await copies.setInstances(instances);
      await sleep(RANGE_SECONDS * 1000); // not a synchronization: the queries cover this time
      const series = await value(lab.address("PROMETHEUS_PORT"), 'count({__name__=~".+"})');
      steps.push({ instances, series: series ?? Number.NaN, queryMs: await queryTimes(lab, rounds) });
    }
  } finally {
    copies?.close();
    await lab.remove();
  }
  const [first] = steps as [Step];
  return steps.flatMap(({ instances, series, queryMs }) => [
    {
      name: `series, ${instances} instances${subject.suffix}`,
      value: series,
      unit: "series",
      of: "1 instance",
      ratios: [series / first.series],
    },
    {
      name: `queries of the Overview dashboard, ${instances} instances${subject.suffix}`,
      value: median(queryMs),
      unit: "ms",
      of: "1 instance",
      ratios: queryMs.map((each) => each / median(first.queryMs)),
    },
  ]);
}

async function queryTimes(lab: Lab, rounds: number): Promise<number[]> {
  const backends = {
    prometheus: lab.address("PROMETHEUS_PORT"),
    loki: lab.address("LOKI_PORT"),
    tempo: lab.address("TEMPO_PORT"),
  };
  const overview = readDashboards().find(({ uid }) => uid === DASHBOARDS.overview);
  if (!overview) throw new Error("there is no Overview dashboard");
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const range = lastSeconds(RANGE_SECONDS);
    const [all] = await variableSelections(overview, backends, range);
    const queries = panelQueries(overview, all?.values ?? {}, range);
    const metrics = queries.filter(({ language }) => language === "promql");
    const start = performance.now();
    for (const query of metrics) await countResult(query, backends);
    times.push(performance.now() - start);
  }
  return times;
}

/** Serves copies of the services' pages of metrics, and makes Prometheus scrape them instead of the services. */
async function servePages(lab: Lab) {
  const file = join(lab.stateFolder, "prometheus/targets/services.json");
  const groups = JSON.parse(await readFile(file, "utf8")) as Group[];
  const pages = new Map<string, { at: number; body: Promise<string> }>();
  const page = (target: string): Promise<string> => {
    const known = pages.get(target);
    if (known && performance.now() - known.at < PAGE_MS) return known.body;
    const headers = { accept: "application/openmetrics-text; version=1.0.0" };
    const body = fetch(`http://${target}/metrics`, { headers }).then((response) => response.text());
    pages.set(target, { at: performance.now(), body });
    return body;
  };
  const server: Server = createServer(async ({ url = "" }, response) => {
    const [, target = ""] = url.split("/");
    const body = await page(decodeURIComponent(target)).catch(() => undefined);
    if (body === undefined) response.writeHead(503).end();
    else
      response
        .writeHead(200, { "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8" })
        .end(body);
  }).listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async setInstances(count: number): Promise<void> {
      const simulated = groups.flatMap(({ targets, labels }) =>
        targets.flatMap((target) =>
          Array.from({ length: count }, (_, index) => ({
            targets: [`${HOST}:${port}`],
            labels: { ...labels, instance: `${target}-${index}`, __metrics_path__: `/${target}/${index}` },
          })),
        ),
      );
      await writeFileAtomic(file, JSON.stringify(simulated));
      const up = 'count(up{instance=~".+-[0-9]+"} == 1)';
      await eventually(
        `${simulated.length} targets are up`,
        async () => (await value(lab.address("PROMETHEUS_PORT"), up)) === simulated.length,
        TARGETS_UP_MS,
      );
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
