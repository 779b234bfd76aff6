import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { STACK_FAULTS } from "@lgtm-lab/faults/client";
import { lab, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { value } from "./support/prometheus.ts";
import { type CallResult, call, GATEWAY_REQUESTS, type GatewayRequest } from "./support/requests.ts";
import { search, trace } from "./support/tempo.ts";
import { eventually, within } from "./support/within.ts";

const GATEWAYS = 'service_name=~"gateway|gateway-rest"';
const responseCount = (route: string, status: string) =>
  `sum(http_server_request_duration_seconds_count{${GATEWAYS},http_route="${route}",http_response_status_code=~"${status}"})`;
const slower = (metric: string, labels: string) =>
  `sum(${metric}_count{${labels}}) - sum(${metric}_bucket{${labels},le="0.25"})`;
const slowHello = slower("http_server_request_duration_seconds", `${GATEWAYS},http_route="/a/hello"`);
const slowStreams = slower("lab_stream_excess_seconds", GATEWAYS);

interface Row {
  /** Whether the fault affects the request. */
  affects: (request: GatewayRequest) => boolean;
  /** The service whose spans and log lines contain the fault; undefined: the called gateway. */
  service?: string;
  /** Whether the fault has this effect on a call of this duration in milliseconds. */
  met: (response: CallResult, ms: number) => boolean;
  /** A counter in Prometheus that increases while the fault is set. */
  grows: string;
}

const toA = ({ service }: GatewayRequest) => service === "service-a";
const toB = ({ service }: GatewayRequest) => service === "service-b";
const late = ({ status }: CallResult, ms: number) => status === 200 && ms >= 390;

const TABLE: Record<string, Row> = {
  "slow-a": { affects: toA, service: "service-a", met: late, grows: slowHello },
  "errors-a": {
    affects: toA,
    service: "service-a",
    met: ({ status }) => status === 502,
    grows: responseCount("/a/hello", "502"),
  },
  "slow-b": { affects: toB, service: "service-b", met: late, grows: slowStreams },
  "stall-b": {
    affects: toB,
    service: "service-b",
    met: ({ status }, ms) => status === 504 && ms >= 1900,
    grows: responseCount("/b/numbers", "504"),
  },
  "crash-b": { affects: toB, met: ({ status }) => status === 503, grows: responseCount("/b/numbers", "503") },
  "lossy-link": {
    affects: () => true,
    met: ({ status }) => status === 503 || status === 502,
    grows: responseCount(".*", "50[23]").replace('http_route="', 'http_route=~"'),
  },
  "slow-gateway": { affects: () => true, met: late, grows: slowHello },
};

describe("faults", () => {
  after(async () => {
    await (await lab()).endFaults();
  });

  it("every fault is tested here, except those that need a mechanism of the gateways (63-scale, 64-authentication, 66-tls)", () => {
    const known = STACK_FAULTS.filter(({ needs }) => !needs).map(({ name }) => name);
    assert.deepEqual(Object.keys(TABLE).sort(), known.sort());
  });

  it("only its owner can read the token", async () => {
    const { stateFolder, ports } = await lab();
    assert.equal((await stat(join(stateFolder, "run/fault-admin-token"))).mode & 0o777, 0o600);
    const response = await fetch(`http://127.0.0.1:${ports.FAULT_ADMIN_A_PORT}/faults`);
    assert.equal(response.status, 401);
  });

  /** Faults of A and of B do not affect each other, so these two lists run at the same time. */
  const AT_ONCE = [
    ["slow-a", "errors-a"],
    ["slow-b", "stall-b", "crash-b"],
  ];

  const isVisible = (name: string, row: Row) => async (): Promise<void> => {
    const stack = await lab();
    const { base, tempo, loki, prometheus } = await urls();
    const ask = async (request: GatewayRequest) => {
      const start = performance.now();
      const response = await call(base(request), request.path);
      return { response, ms: performance.now() - start };
    };
    const meanwhile = AT_ONCE.some((list) => list.includes(name))
      ? AT_ONCE.filter((list) => !list.includes(name)).flat()
      : [];
    const own = async () => (await names()).filter((each) => !meanwhile.includes(each));
    const active = () => value(prometheus, `max(lab_fault_active{fault="${name}"})`);
    await eventually(`${name} begins at 0`, async () => (await active()) === 0);
    const before = (await value(prometheus, row.grows)) ?? 0;

    await stack.setFault(name, { forMs: 60_000 });
    await within(`${name}: lab_fault_active`, 4000, async () => (await active()) === 1);
    const assertShown = async (request: GatewayRequest) => {
      const { response } = await eventually(`${request.gateway} ${request.route}: ${name}`, async () => {
        const result = await ask(request);
        return row.met(result.response, result.ms) && result;
      });
      const service = row.service ?? request.gateway;
      const { traceId } = response;
      await within(`${name}, ${request.protocol}: the trace names it`, 5000, async () => {
        const spans = await trace(tempo, traceId);
        return spans?.some(
          (span) =>
            span.service === service && String(span.attributes["lab.fault"]).split(",").includes(name),
        );
      });
      await within(`${name}, ${request.protocol}: the log of ${service} names it`, 5000, async () => {
        const found = await lines(loki, `{service_name="${service}"} | trace_id="${traceId}"`);
        return found.some(({ json }) => json.fault === name);
      });
    };
    await Promise.all(GATEWAY_REQUESTS.filter(row.affects).map(assertShown));
    await within(`${name}: the metric of its effect grows`, 6000, async () => {
      return ((await value(prometheus, row.grows)) ?? 0) > before;
    });
    assert.deepEqual(await own(), [name]);

    assert.deepEqual(await stack.endFaults(name), [name]);
    await within(`${name}: all requests succeed after its end`, 10_000, async () => {
      const results = await Promise.all(GATEWAY_REQUESTS.filter(row.affects).map(ask));
      return results.every(({ response, ms }) => response.status === 200 && ms < 300);
    });
    await within(`${name}: lab_fault_active is 0`, 5000, async () => (await active()) === 0);
    assert.deepEqual(await own(), []);
  };

  const others = Object.keys(TABLE).filter((name) => !AT_ONCE.flat().includes(name));

  describe("are visible in the responses, a metric, the trace and the log, until they are fixed", () => {
    const testsOf = (names: readonly string[]) => {
      for (const [name, row] of Object.entries(TABLE))
        if (names.includes(name)) it(name, isVisible(name, row));
    };
    describe("of one service", { concurrency: true }, () => {
      for (const names of AT_ONCE) describe(names.join(", "), { concurrency: false }, () => testsOf(names));
    });
    describe("of both services", () => testsOf(others));
  });

  it("setting a fault creates no span", async () => {
    const stack = await lab();
    const { base, tempo } = await urls();
    await stack.setFault("slow-a", { forMs: 60_000 });
    await stack.endFaults("slow-a");
    // Once Tempo has a later request of service-a over HTTP, it would also have spans of these.
    const request = GATEWAY_REQUESTS.find(
      ({ gateway, route }) => gateway === "gateway-rest" && route === "/a/hello",
    ) as GatewayRequest;
    const { traceId } = await call(base(request), request.path);
    await within("the control request", 4000, async () =>
      (await search(tempo, '{ resource.service.name = "service-a" && kind = server }', 500)).includes(
        traceId,
      ),
    );
    assert.deepEqual(await search(tempo, '{ span.url.path =~ "/faults.*" }', 500), []);
  });

  it("a fault expires, and does not survive a restart of its service", async () => {
    const stack = await lab();
    await stack.setFault("slow-a", { forMs: 500 });
    assert.deepEqual(await names(), ["slow-a"]);
    await eventually("slow-a ends", async () => (await names()).length === 0);
    await stack.setFault("slow-a");
    await stack.stopComponent("service-a");
    await stack.startComponent("service-a");
    assert.deepEqual(await names(), []);
  });

  it("crash-b continues beyond the restart limit, and B is restarted when the fault has expired", async () => {
    const stack = await lab();
    const { restarts } = stack.record("service-b");
    await stack.setFault("crash-b", { forMs: 4000 });
    await eventually(
      "B was killed more than once",
      async () => stack.record("service-b").restarts > restarts + 1,
    );
    await eventually("B is back", async () => {
      const { base } = await urls();
      return (
        (await call(base({ gateway: "gateway" }), "/b/numbers")).status === 200 &&
        (await names()).length === 0
      );
    });
    assert.equal(stack.record("service-b").state, "ready");
  });
});

async function names(): Promise<string[]> {
  const all = await (await lab()).faults();
  return all.flatMap(({ fault, until }) => (until === undefined ? [] : [fault.name]));
}
