import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { urls } from "../e2e/support/lab.ts";
import { value } from "../e2e/support/prometheus.ts";
import { atConstantRate } from "../e2e/support/traffic.ts";
import { within } from "../e2e/support/within.ts";
import { environment } from "../runner/env.ts";
import { compose, containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { startOf, untilReady } from "./stack.ts";
import { type LoadTotals, sendFromUsers } from "./users.ts";

/** Five minutes in `npm run test:compose -- outage`, one minute otherwise. */
const OUTAGE_S = Number(environment.LAB_TEST_OUTAGE_S ?? 60);
/** Numbers of k6 users, with an outage for each. Only `npm run test:compose -- outage` sets them. */
const USERS = (environment.LAB_TEST_OUTAGE_USERS ?? "").split(",").filter(Boolean).map(Number);
/** Each makes two spans in the gateway: 300 a second. */
const REQUESTS_PER_S = 150;
/** From the start of the collector and Loki until all waiting data is delivered. */
const RECOVERED_MS = 60_000;
/**
 * From the same time until Tempo has written the last block (after 1 min and up to 10 s) and has compacted the others.
 */
const WRITTEN_MS = 100_000;
/** The default of TELEMETRY_SPAN_BUFFER. The byte limit of these containers is not reached before. */
const QUEUE = 50_000;

const PORTS = {
  gateway: "GATEWAY_PORT",
  "gateway-rest": "GATEWAY_REST_PORT",
  "service-a": "SERVICE_A_HTTP_PORT",
  "service-b": "SERVICE_B_HTTP_PORT",
};
type Service = keyof typeof PORTS;
const SENDERS = Object.keys(PORTS) as Service[];
/** The services that receive the load. */
const SERVICES = SENDERS.filter((name) => name !== "gateway-rest");
/** The containers that are down. */
const STOPPED = ["otelcol", "loki"];
/** Other containers that receive data of the load, or metrics of k6. */
const BACKENDS = ["tempo", "prometheus"];

/** Totals of one service, from its /metrics. */
interface Totals {
  /** Requests and calls that the service has handled. Each has a span and a line. */
  handled: number;
  /** Calls to other services. Each has a span; a line only if it failed. */
  calls: number;
  callsFailed: number;
  shed: number;
  exported: number;
  dropped: number;
  waiting: number;
  linesPushed: number;
  linesDropped: number;
  linesWaiting: number;
}

outage(`${2 * REQUESTS_PER_S} spans a second`, sendAtConstantRate);
for (const users of USERS) outage(`${users} users`, () => sendFromUsers(users, OUTAGE_S));

function outage(load: string, send: () => Promise<LoadTotals>): void {
  describe(`collector and Loki are down for ${OUTAGE_S} s, at ${load}`, () => {
    let starts: Record<string, string> = {};
    const initial = new Map<Service, Totals>();
    let beganAt = 0;
    let backAt = 0;
    let restartedAt = 0;
    let inTempo = 0;
    let sent: LoadTotals;

    before(async () => {
      await compose("stop", "traffic");
      // All that have received the demo traffic: spans that still wait would be received after the outage.
      for (const service of SENDERS) {
        await within(`${service} has sent all`, RECOVERED_MS, () => nothingWaits(service));
        initial.set(service, await totals(service));
      }
      starts = await startsOf([...SERVICES, ...BACKENDS]);
      await compose("stop", ...STOPPED);
      inTempo = await totalOfTempo("distributor_spans_received_total");
      beganAt = Date.now();
    });

    after(async () => {
      await compose("start", ...STOPPED, "traffic");
      await untilReady(["loki", "probe"]);
    });

    it("no request fails, and no container is restarted", async () => {
      sent = await send();
      assert.deepEqual(sent.failures, []);
      for (const service of SERVICES) {
        const { waiting, linesWaiting } = await totals(service);
        const memory = await memoryOf(service);
        console.log(`    ${service}: ${waiting} spans and ${linesWaiting} lines wait; memory ${memory}`);
        const { handled, calls } = await increaseOf(service);
        assert.ok(waiting >= Math.min(QUEUE, handled + calls) * 0.95, `only ${waiting} spans wait`);
      }
      assert.deepEqual(await startsOf(Object.keys(starts)), starts, "a container was restarted");
    });

    it("the services count as many requests as the clients", async () => {
      const gateway = await increaseOf("gateway");
      const { requests, shed } = sent;
      const { handled, calls, callsFailed } = gateway;
      const accepted = requests - shed;
      assert.deepEqual(
        { handled, shed: gateway.shed, calls, callsFailed },
        { handled: requests, shed, calls: accepted, callsFailed: 0 },
      );
      const [a, b] = [await increaseOf("service-a"), await increaseOf("service-b")];
      assert.equal(a.handled + b.handled, accepted);
    });

    it("when they are back, all waiting data is delivered", async () => {
      backAt = performance.now();
      restartedAt = Date.now();
      await compose("start", ...STOPPED);
      starts = { ...starts, ...(await startsOf(STOPPED)) };
      await untilReady(["loki"]);
      for (const service of SERVICES)
        await within(`${service} has sent all`, RECOVERED_MS, () => nothingWaits(service), { since: backAt });
    });

    it("every span is received by the collector and Tempo or counted as dropped", async () => {
      let exported = 0;
      for (const service of SERVICES) {
        const since = await increaseOf(service);
        const made = since.handled + since.calls;
        console.log(`    ${service}: ${made} made, ${since.exported} exported, ${since.dropped} dropped`);
        assert.equal(since.exported + since.dropped, made, service);
        if (made > QUEUE) assert.ok(since.dropped > 0, "more spans than the queue has room for");
        exported += since.exported;
      }
      // The collector counts from its start, which was after the outage; there is no other sender. Prometheus can return
      // series of its earlier process for five minutes, because another test has killed both.
      const { prometheus } = await urls();
      const accepted = "otelcol_receiver_accepted_spans_total";
      const query = `sum(${accepted} and timestamp(${accepted}) > ${restartedAt / 1000})`;
      await within("the collector has received as many", 15_000, async () => {
        const received = await value(prometheus, query);
        if (received !== exported) throw new Error(`it has received ${received} of ${exported}`);
        return true;
      });
      await within("Tempo has received as many", RECOVERED_MS, async () => {
        const received = (await totalOfTempo("distributor_spans_received_total")) - inTempo;
        if (received !== exported) throw new Error(`it has received ${received} of ${exported}`);
        return true;
      });
    });

    it("every line is stored in Loki or counted as dropped", async () => {
      for (const service of SERVICES) {
        const { handled, callsFailed, linesPushed, linesDropped } = await increaseOf(service);
        console.log(`    ${service}: ${linesPushed} lines pushed, ${linesDropped} dropped`);
        assert.equal(linesPushed + linesDropped, handled + callsFailed, service);
        const stored = await linesIn(service, beganAt);
        assert.equal(stored, linesPushed, `${service}: Loki has ${stored}`);
      }
    });

    it("no container is restarted while Tempo writes and compacts blocks", async () => {
      for (; performance.now() < backAt + WRITTEN_MS; await sleep(1000))
        assert.deepEqual(await startsOf(Object.keys(starts)), starts);
      for (const name of Object.keys(starts)) console.log(`    ${name}: memory ${await memoryOf(name)}`);
    });

    async function increaseOf(service: Service): Promise<Totals> {
      const [now, then] = [await totals(service), initial.get(service)];
      assert.ok(then);
      const names = Object.keys(then) as (keyof Totals)[];
      return Object.fromEntries(names.map((name) => [name, now[name] - then[name]])) as unknown as Totals;
    }
  });
}

/** Sends requests to one route at a constant rate. */
async function sendAtConstantRate(): Promise<LoadTotals> {
  const base = `http://127.0.0.1:${environment.GATEWAY_PORT}`;
  const failures: string[] = [];
  let requests = 0;
  await atConstantRate(REQUESTS_PER_S, OUTAGE_S * REQUESTS_PER_S, async () => {
    requests += 1;
    const response = await fetch(`${base}/a/hello?name=Ana`).catch(String);
    if (typeof response === "string") failures.push(response);
    else if (response.status !== 200) failures.push(`${response.status} ${await response.text()}`);
    else await response.arrayBuffer();
  });
  return { requests, shed: 0, failures };
}

/** Returns when and how often each container was started, by name. */
async function startsOf(names: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await startOf(name)])));
}

/** Returns the memory that a container uses, and its limit. */
const memoryOf = async (name: string): Promise<string> =>
  docker("stats", "--no-stream", "--format", "{{.MemUsage}}", await containerOf(name));

/** Returns the sum of all series of a metric whose labels match, in the text of a /metrics page. */
function sumIn(text: string, name: string, labels = ""): number {
  return text
    .matchAll(new RegExp(`^${name}(?:\\{${labels}[^}]*\\})? (\\S+)$`, "gm"))
    .reduce((total, [, count]) => total + Number(count), 0);
}

async function totalOfTempo(name: string): Promise<number> {
  const { tempo } = await urls();
  const response = await fetch(`${tempo}/metrics`);
  return sumIn(await response.text(), `tempo_${name}`);
}

async function totals(service: Service): Promise<Totals> {
  const response = await fetch(`http://127.0.0.1:${environment[PORTS[service]]}/metrics`);
  const text = await response.text();
  const sum = (name: string, labels?: string) => sumIn(text, name, labels);
  const telemetry = (name: string) => sum(`telemetry_${name}`);
  const calls = sum("rpc_client_call_duration_seconds_count");
  return {
    handled:
      sum("http_server_request_duration_seconds_count") + sum("rpc_server_call_duration_seconds_count"),
    calls,
    callsFailed: calls - sum("rpc_client_call_duration_seconds_count", '[^}]*rpc_response_status_code="OK"'),
    shed: sum("http_server_requests_shed_total"),
    exported: telemetry("spans_exported_total"),
    dropped: telemetry("spans_dropped_total"),
    waiting: telemetry("span_queue_size"),
    linesPushed: telemetry("log_lines_pushed_total"),
    linesDropped: telemetry("log_lines_dropped_total"),
    linesWaiting: telemetry("log_queue_size"),
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
  const query = `sum(count_over_time({service_name="${service}"} |~ \`"msg":"(request|call)\` [${seconds}s]))`;
  const response = await fetch(`${loki}/loki/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}
