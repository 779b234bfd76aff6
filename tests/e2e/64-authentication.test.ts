import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { GATEWAY_NAMES, SERVICE_NAMES } from "@lgtm-lab/contracts";
import { MECHANISM } from "@lgtm-lab/grafana";
import { COMPONENTS, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import type { GatewayEntry } from "../../apps/console/shared/api.ts";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { panelsFilledBy, stillEmpty } from "../scenarios/support/panels.ts";
import { inContainers } from "./support/env.ts";
import { hostPort, lab, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { query, scrapeSum } from "./support/prometheus.ts";
import { callThroughConsole } from "./support/requests.ts";
import { labOutput } from "./support/run-lab.ts";
import { type Group, withTargets } from "./support/targets.ts";
import { traceOf } from "./support/tempo.ts";
import { eventually, within } from "./support/within.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-auth");
/** The services and the console of a separate stack; their telemetry goes to the shared one. */
const OWN: string[] = ["console", ...SERVICE_NAMES];
/** The other mechanisms of the gateways. None changes the response to a valid request. */
const MECHANISMS = {
  UPSTREAM_RETRIES: "2",
  UPSTREAM_BREAKER_FAILURES: "1000",
  UPSTREAM_EJECTION_FAILURES: "1000",
  HELLO_FALLBACK: "on",
  RATE_LIMIT: "100000",
  HELLO_CACHE_MS: "1000",
  SERVICE_A_BALANCING: "least-time",
};

describe("a stack with --auth and every other mechanism of the gateways", {
  skip: inContainers && "it tests the launcher",
}, () => {
  let stack: RunningStack;

  before(async () => {
    const shared = await lab();
    await rm(STATE_FOLDER, { recursive: true, force: true });
    const telemetry = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await hostPort("OTELCOL_GRPC_PORT")}`,
      LOKI_URL: shared.address("loki"),
      AUTH_SKEW_S: "0",
      ...MECHANISMS,
    };
    stack = await startStack({
      stateFolder: STATE_FOLDER,
      ports: "free",
      auth: true,
      scale: { "service-a": 2 },
      components: [...COMPONENTS.filter(({ name }) => OWN.includes(name)), traffic(20)],
      env: Object.fromEntries(
        [...OWN, "service-a-2"].filter((name) => name !== "console").map((name) => [name, telemetry]),
      ),
    });
  });

  after(() => stack?.down());

  const labToken = (...options: string[]) => labOutput(STATE_FOLDER, "token", ...options);

  async function get(gateway: string, path: string, token?: string) {
    const response = await fetch(stack.address(gateway) + path, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
    return {
      status: response.status,
      text: await response.text(),
      traceId: response.headers.get("x-trace-id") ?? "",
    };
  }

  it("answers requests with a token of `lab token`, and refuses others; trace and log say why", async () => {
    const at = await urls();
    const token = await labToken("--scope", "hello", "--subject", "ana");
    for (const gateway of GATEWAY_NAMES) {
      assert.equal((await get(gateway, "/a/hello?name=Ana")).status, 401);
      const { status, text } = await get(gateway, "/a/hello?name=Ana", token);
      assert.equal(status, 200, text);
      const refused = await get(gateway, "/b/numbers?count=3", token);
      assert.equal(refused.status, 403);
      const query = `{service_name="${gateway}"} | trace_id="${refused.traceId}"`;
      const logged = await within("the log lines", 2_000, async () => {
        const found = await lines(at.loki, query);
        return found.length === 2 ? found : undefined;
      });
      assert.equal(logged[0]?.json.outcome, "insufficient_scope");
      const [span] = await within("the trace", 2_000, () => traceOf(at.tempo, refused.traceId, [gateway]));
      assert.equal(span?.attributes["lab.auth"], "insufficient_scope");
      const [audited, ...others] = await within("the audit log", 2_000, async () => {
        const found = await lines(at.loki, `{log="audit"} | trace_id="${refused.traceId}"`);
        return found.length > 0 && found;
      });
      assert.deepEqual(others, []);
      assert.equal(audited?.labels.service_name, `${gateway}-audit`);
      const { subject, client, route, outcome } = audited?.json ?? {};
      assert.deepEqual(
        [subject, client, route, outcome],
        ["ana", "127.0.0.1", "/b/numbers", "insufficient_scope"],
      );
      for (const seen of [JSON.stringify(logged), JSON.stringify(span), refused.text])
        for (const part of [...token.split("."), "ana"])
          assert.ok(!seen.includes(part), `${part} in ${seen}`);
    }
  });

  it("refuses a token that has expired", async () => {
    const token = await labToken("--scope", "hello", "--expires", "1s");
    await eventually(
      "the token has expired",
      async () => (await get("gateway", "/a/hello", token)).status === 401,
    );
  });

  it("accepts tokens of the new and of the old key after `lab token --rotate`", async () => {
    const keys = async () => {
      const response = await fetch(`${stack.address("console")}/.well-known/jwks.json`);
      return ((await response.json()) as { keys: Record<string, string>[] }).keys;
    };
    const [old] = await keys();
    const before = await labToken("--scope", "hello");
    await labToken("--rotate");
    const after = await labToken("--scope", "hello");
    const published = await keys();
    assert.deepEqual(
      published.map(({ kid }) => kid === old?.kid),
      [false, true],
    );
    assert.deepEqual(
      published.filter((key) => "d" in key),
      [],
    );
    await eventually(
      "the gateway has the new key",
      async () => (await get("gateway", "/a/hello", after)).status === 200,
    );
    assert.equal((await get("gateway", "/a/hello", before)).status, 200);
  });

  it("still answers the demo traffic and the requests of the console", async () => {
    await callThroughConsole(stack.address("console"));
    const labels = { http_route: "/b/numbers", outcome: "accepted" };
    const accepted = (gateway: string) => scrapeSum(stack.address(gateway), "gateway_auth_total", labels);
    for (const gateway of GATEWAY_NAMES)
      await eventually("the traffic is accepted", async () => (await accepted(gateway)) > 5);
  });

  it("slow-a-one: least-time gives the slow instance few calls; the console shows it", async () => {
    const token = await labToken("--scope", "hello");
    await stack.setFault("slow-a-one");
    const [status] = (await stack.faults()).filter(({ until }) => until !== undefined);
    assert.deepEqual([status?.fault.name, status?.instances], ["slow-a-one", [2]]);
    const times: number[] = [];
    for (let index = 0; index < 30; index += 1) {
      const start = performance.now();
      // Another name each time, because of the cache.
      assert.equal((await get("gateway", `/a/hello?name=slow-${index}`, token)).status, 200);
      times.push(performance.now() - start);
    }
    // Round robin would give it 15. The demo traffic may be the first to find out that it is slow.
    const slow = times.filter((ms) => ms >= 390).length;
    assert.ok(slow <= 4, `${slow} of ${times.length} requests were slow`);
    const isShown = async () => {
      const gateways = (await (
        await fetch(`${stack.address("console")}/api/gateways`)
      ).json()) as GatewayEntry[];
      const [a] = gateways.find(({ name }) => name === "gateway")?.state?.upstreams ?? [];
      const [first, second] = (a?.instances ?? []).map(({ latency_ms }) => latency_ms ?? 0);
      return (second ?? 0) > (first ?? 0);
    };
    await eventually("the page Gateway has its latency", isShown);
    assert.deepEqual(await stack.endFaults(), ["slow-a-one"]);
  });

  it("slow-a-one, token-storm, flaky-a: an alert shows what users do not notice; every panel of the Gateway dashboard is filled", async () => {
    const at = await urls();
    const moment = Date.now();
    const token = await labToken("--scope", "hello");
    const file = join(STATE_FOLDER, "prometheus/targets/services.json");
    const ours: Group[] = JSON.parse(await readFile(file, "utf8"));
    /** The gateways for which an alert fires. */
    const firing = async (name: string) => {
      const alerts = `ALERTS{alertname="${name}",alertstate="firing"}`;
      return [
        ...new Set((await query(at.prometheus, alerts)).map(({ metric }) => metric.service_name)),
      ].sort();
    };
    let sent = 0;
    /** Sends requests at once, so that the slow instance gets some too. Returns the responses. */
    const burst = async () => {
      const requests = GATEWAY_NAMES.flatMap((gateway) =>
        Array.from({ length: 8 }, () => {
          sent += 1; // another name each time, because of the cache
          return get(gateway, `/a/hello?name=burst-${sent}`, token);
        }),
      );
      return await Promise.all(requests);
    };
    const responses: Awaited<ReturnType<typeof get>>[] = [];
    const fires = (name: string) =>
      within(`${name} fires for both gateways`, 30_000, async () => {
        responses.push(...(await burst()));
        return (await firing(name)).join() === GATEWAY_NAMES.join();
      });
    await withTargets(
      await lab(),
      "services.json",
      (groups) => [...groups, ...ours],
      async () => {
        assert.ok(panelsFilledBy(MECHANISM, moment).length > 10);
        await stack.setFault("slow-a-one");
        await stack.setFault("token-storm");
        let missing: string[] = [];
        const isFilled = async () => {
          missing = await stillEmpty(MECHANISM, moment, at);
          return missing.length === 0;
        };
        await within("the panels are filled", 30_000, isFilled).catch((error) => {
          assert.deepEqual(missing, [], "still empty");
          throw error;
        });
        await fires("InstanceSlow");
        await fires("AuthenticationFailing");
        assert.deepEqual((await stack.endFaults()).sort(), ["slow-a-one", "token-storm"]);
        await stack.setFault("flaky-a");
        await fires("RetryRateHigh");
        assert.deepEqual(await stack.endFaults(), ["flaky-a"]);
        assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
        // With two retries, about one call in 1,000 to the flaky service A fails; the fallback answers it.
        const fallbacks = responses.filter(({ text }) => text.includes('"fallback":true')).length;
        assert.ok(
          fallbacks <= 3 + responses.length / 100,
          `${fallbacks} of ${responses.length} are fallbacks`,
        );
      },
    );
  });
});
