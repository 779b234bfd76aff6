import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { urls } from "../e2e/support/lab.ts";
import { value } from "../e2e/support/prometheus.ts";
import { within } from "../e2e/support/within.ts";
import { environment } from "../runner/env.ts";
import { compose, containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { startOf, untilReady } from "./stack.ts";

/** Five minutes in `npm run test:compose -- outage`, one minute otherwise. */
const OUTAGE_S = Number(environment.LAB_TEST_OUTAGE_S ?? 60);
/** Each makes two spans in the gateway: 300 a second. */
const REQUESTS_PER_S = 150;
const RECOVERED_MS = 60_000;
/** The default of TELEMETRY_SPAN_BUFFER. The byte limit of these containers is not reached before. */
const BUFFER = 50_000;

/** A request makes this many spans in each service, and one line in each. */
const SPANS_OF_A_REQUEST = { gateway: 2, "service-a": 1 };
type Service = keyof typeof SPANS_OF_A_REQUEST;
const SERVICES = Object.keys(SPANS_OF_A_REQUEST) as Service[];
const PORTS = { gateway: "GATEWAY_PORT", "service-a": "SERVICE_A_HTTP_PORT" };

/** Totals of one service, from its /metrics. */
interface Totals {
  exported: number;
  dropped: number;
  waiting: number;
  linesPushed: number;
  linesDropped: number;
  linesWaiting: number;
}

describe(`collector and Loki are away for ${OUTAGE_S} s, at ${2 * REQUESTS_PER_S} spans a second`, () => {
  const starts = new Map<Service, string>();
  const initial = new Map<Service, Totals>();
  const failures: string[] = [];
  let beganAt = 0;
  let requests = 0;

  before(async () => {
    await compose("stop", "traffic");
    for (const service of SERVICES) {
      starts.set(service, await startOf(service));
      await within(`${service} has sent all`, RECOVERED_MS, () => nothingWaits(service));
      initial.set(service, await totals(service));
    }
    await compose("stop", "otelcol", "loki");
    beganAt = Date.now();
  });

  after(async () => {
    await compose("start", "loki", "otelcol", "traffic");
    await untilReady(["loki", "probe"]);
  });

  it("no request fails, and no service is restarted", async () => {
    const base = `http://127.0.0.1:${environment.GATEWAY_PORT}`;
    await steadily(OUTAGE_S * REQUESTS_PER_S, async () => {
      requests += 1;
      const answer = await fetch(`${base}/a/hello?name=Ana`).catch(String);
      if (typeof answer === "string") failures.push(answer);
      else if (answer.status !== 200) failures.push(`${answer.status} ${await answer.text()}`);
      else await answer.arrayBuffer();
    });
    assert.deepEqual(failures, []);
    for (const service of SERVICES) {
      assert.equal(await startOf(service), starts.get(service), `${service} was restarted`);
      const { MemUsage } = JSON.parse(
        await docker("stats", "--no-stream", "--format", "{{json .}}", await containerOf(service)),
      ) as { MemUsage: string };
      const { waiting, linesWaiting } = await totals(service);
      console.log(`    ${service}: ${waiting} spans and ${linesWaiting} lines wait; memory ${MemUsage}`);
      assert.ok(waiting > Math.min(BUFFER, requests) * 0.95, `only ${waiting} spans wait`);
    }
  });

  it("when they are back, all waiting data is delivered", async () => {
    await compose("start", "loki", "otelcol");
    await untilReady(["loki"]);
    for (const service of SERVICES)
      await within(`${service} has sent all`, RECOVERED_MS, () => nothingWaits(service));
    for (const service of SERVICES) assert.equal(await startOf(service), starts.get(service), service);
  });

  it("every span is received by the collector or counted as dropped", async () => {
    let exported = 0;
    for (const service of SERVICES) {
      const made = requests * SPANS_OF_A_REQUEST[service];
      const since = await sinceBefore(service);
      console.log(`    ${service}: ${made} made, ${since.exported} exported, ${since.dropped} dropped`);
      assert.equal(since.exported + since.dropped, made, service);
      if (made > BUFFER + 10 * REQUESTS_PER_S)
        assert.ok(since.dropped > 0, "more spans than the buffer has room for");
      exported += since.exported;
    }
    // The collector counts from its start, which was after the outage; there is no other sender.
    const { prometheus } = await urls();
    await within("the collector has received as many", 15_000, async () => {
      const received = await value(prometheus, "sum(otelcol_receiver_accepted_spans_total)");
      if (received !== exported) throw new Error(`it has received ${received} of ${exported}`);
      return true;
    });
  });

  it("every line is stored in Loki or counted as dropped", async () => {
    for (const service of SERVICES) {
      const since = await sinceBefore(service);
      assert.equal(since.linesPushed + since.linesDropped, requests, service);
      const stored = await linesIn(service, beganAt);
      assert.equal(stored, since.linesPushed, `${service}: Loki has ${stored}`);
    }
  });

  async function sinceBefore(service: Service): Promise<Totals> {
    const [now, then] = [await totals(service), initial.get(service)];
    assert.ok(then);
    const names = Object.keys(then) as (keyof Totals)[];
    return Object.fromEntries(names.map((name) => [name, now[name] - then[name]])) as unknown as Totals;
  }
});

/** Calls `work` `count` times at {@link REQUESTS_PER_S}, independent of earlier calls. */
async function steadily(count: number, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  const running = new Set<Promise<void>>();
  for (let begun = 0; begun < count; await sleep(10)) {
    const due = Math.min(count, Math.floor(((performance.now() - start) / 1000) * REQUESTS_PER_S));
    for (; begun < due; begun += 1) {
      const one = work().finally(() => running.delete(one));
      running.add(one);
    }
  }
  await Promise.all(running);
}

async function totals(service: Service): Promise<Totals> {
  const answer = await fetch(`http://127.0.0.1:${environment[PORTS[service]]}/metrics`);
  const text = await answer.text();
  const metric = (name: string) => Number(new RegExp(`^lab_telemetry_${name} (\\d+)$`, "m").exec(text)?.[1]);
  return {
    exported: metric("spans_exported_total"),
    dropped: metric("spans_dropped_total"),
    waiting: metric("span_queue_size"),
    linesPushed: metric("log_lines_pushed_total"),
    linesDropped: metric("log_lines_dropped_total"),
    linesWaiting: metric("log_queue_size"),
  };
}

/**
 * Returns whether the queues are empty twice, at an interval in which the last spans and lines would have been queued.
 */
async function nothingWaits(service: Service): Promise<boolean> {
  const first = await totals(service);
  await sleep(600);
  const second = await totals(service);
  return first.waiting + first.linesWaiting === 0 && JSON.stringify(first) === JSON.stringify(second);
}

/** Returns how many lines about requests Loki has of a service since a time (milliseconds since the epoch). */
async function linesIn(service: Service, sinceMs: number): Promise<number> {
  const { loki } = await urls();
  const seconds = Math.ceil((Date.now() - sinceMs) / 1000);
  const message = service === "gateway" ? "request" : "call";
  const query = `sum(count_over_time({service_name="${service}"} |= \`"msg":"${message}"\` [${seconds}s]))`;
  const answer = await fetch(`${loki}/loki/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}
