import { setTimeout as sleep } from "node:timers/promises";
import type { StoredAlert } from "@lgtm-lab/contracts";
import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";
import pWaitFor from "p-wait-for";
import { lines } from "../../e2e/support/loki.ts";
import { exemplars, value } from "../../e2e/support/prometheus.ts";
import { GATEWAY_REQUESTS } from "../../e2e/support/requests.ts";
import { traceOf } from "../../e2e/support/tempo.ts";
import { Traffic } from "../../e2e/support/traffic.ts";
import { type Lab, startLab } from "../lab.ts";
import { type Bench, type Line, median, quantile, type Subject } from "../result.ts";

const SAMPLES = 50;
/** A breach needs half a minute and its end a minute and a half, so there are fewer of these. */
const ALERTS = 3;
const INTERVAL_MS = 10;
const GIVE_UP_MS = 60_000;
/** After a fault ends, its pages are resolved within two minutes. */
const RESOLVED_MS = 180_000;
/** Requests a second to `/a/hello`, from which the rules compute the rate of its objective. */
const TRAFFIC_RATE = 10;
const HELLO = GATEWAY_REQUESTS.filter(({ gateway, route }) => gateway === "gateway" && route === "/a/hello");
/** The counter is read from Prometheus, so other requests must not count. */
const PATH = "/b/numbers?count=3&delay_ms=0";

/** What is looked for after each request, and how long it may take (docs/telemetry.md, docs/alerts.md). */
const ALLOWED_MS = {
  "trace by id": 1_000,
  "log lines": 2_000,
  "counter in Prometheus": 4_000,
  "exemplar in Prometheus": 4_000,
  "breach to alert": 30_000,
};
type Step = keyof typeof ALLOWED_MS;

/** The time of each sample, in milliseconds. */
type Times = Record<Step, number[]>;

/**
 * Measures how long after the end of a request its trace, log lines, counter and exemplar can be queried, and how long
 * after a fault its alert is in the console's inbox. The ratio compares a time with the longest that is allowed.
 */
export const freshness: Bench = {
  title: "freshness: from the end of a request until its telemetry can be queried",
  async measure({ subjects, rounds = SAMPLES }) {
    const all: { subject: Subject; lab: Lab; times: Times }[] = [];
    try {
      for (const subject of subjects) all.push({ subject, lab: await startLab(subject), times: noTimes() });
      console.log(`${rounds} requests, then ${ALERTS} breaches, to each version`);
      for (let round = 0; round < rounds; round += 1)
        for (const { lab, times } of all) await sample(lab, times);
      for (let round = 0; round < ALERTS; round += 1)
        for (const { lab, times } of all) times["breach to alert"].push(await alertMs(lab));
    } finally {
      for (const { lab } of all) await lab.remove();
    }
    return all.flatMap(({ subject, times }) =>
      (Object.keys(times) as Step[]).map((step) => lineOf(`${step}${subject.suffix}`, step, times[step])),
    );
  },
};

const noTimes = (): Times => ({
  "trace by id": [],
  "log lines": [],
  "counter in Prometheus": [],
  "exemplar in Prometheus": [],
  "breach to alert": [],
});

function lineOf(name: string, step: Step, times: readonly number[]): Line {
  const allowed = ALLOWED_MS[step];
  return {
    name,
    value: median(times),
    unit: "ms",
    of: `${allowed / 1000} s`,
    ratios: times.map((time) => time / allowed),
    details: { "p95 ms": quantile(times, 0.95).toFixed(0), samples: `${times.length}` },
  };
}

/** Sends one request, and looks for all of its telemetry at the same time. */
async function sample(lab: Lab, times: Times): Promise<void> {
  // Otherwise each request would follow a scrape, because the one before it has waited for this scrape.
  await sleep(Math.random() * SCRAPE_INTERVAL_MS);
  const prometheus = lab.address("PROMETHEUS_PORT");
  const counter =
    'sum(http_server_request_duration_seconds_count{service_name="gateway",http_route="/b/numbers"})';
  const before = (await value(prometheus, counter)) ?? 0;
  const sentAt = Date.now();
  const response = await fetch(lab.address("GATEWAY_PORT") + PATH);
  await response.text();
  const end = performance.now();
  const traceId = response.headers.get("x-trace-id") ?? "";
  const services = ["gateway", "service-b"];
  const bucket =
    'http_server_request_duration_seconds_bucket{service_name="gateway",http_route="/b/numbers"}';
  const looks: Partial<Record<Step, () => Promise<boolean>>> = {
    "trace by id": async () => (await traceOf(lab.address("TEMPO_PORT"), traceId, services)) !== undefined,
    "log lines": async () => {
      const found = await lines(
        lab.address("LOKI_PORT"),
        `{service_name=~".+"} | trace_id="${traceId}"`,
        60_000,
      );
      return services.every((service) => found.some(({ labels }) => labels.service_name === service));
    },
    "counter in Prometheus": async () => ((await value(prometheus, counter)) ?? 0) > before,
    "exemplar in Prometheus": async () =>
      (await exemplars(prometheus, bucket, sentAt)).some(({ labels }) => labels.trace_id === traceId),
  };
  await Promise.all(
    Object.entries(looks).map(async ([step, look]) => times[step as Step].push(await until(look, end))),
  );
}

/** Returns the time from `since` until `look` returns true, in milliseconds. */
async function until(look: () => Promise<boolean>, since: number): Promise<number> {
  await pWaitFor(() => look().catch(() => false), { interval: INTERVAL_MS, timeout: GIVE_UP_MS });
  return performance.now() - since;
}

/** Sets a fault that breaches an objective. Returns the time until its alert is stored; ends when no page fires. */
async function alertMs(lab: Lab): Promise<number> {
  const traffic = new Traffic({
    rate: TRAFFIC_RATE,
    requests: HELLO,
    base: () => lab.address("GATEWAY_PORT"),
  });
  const since = Date.now();
  const isStored = async () => {
    const response = await fetch(`${lab.address("CONSOLE_PORT")}/api/alerts?limit=1000`);
    const { alerts } = (await response.json()) as { alerts: StoredAlert[] };
    return alerts.some(
      ({ labels, status, receivedAt }) =>
        labels.alertname === "SloAvailabilityBurn" &&
        labels.severity === "page" &&
        status === "firing" &&
        Date.parse(receivedAt) >= since,
    );
  };
  const noPage = 'absent(ALERTS{alertstate="firing",severity="page"})';
  try {
    const start = performance.now();
    await lab.run("break", "errors-a");
    const elapsed = await until(isStored, start);
    await lab.run("fix", "errors-a");
    const ended = async () => (await value(lab.address("PROMETHEUS_PORT"), noPage)) === 1;
    await pWaitFor(ended, { interval: 1_000, timeout: RESOLVED_MS });
    return elapsed;
  } finally {
    await traffic.stop();
  }
}
