import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inbox } from "../e2e/support/alerts.ts";
import { urls } from "../e2e/support/lab.ts";
import { lines } from "../e2e/support/loki.ts";
import { value } from "../e2e/support/prometheus.ts";
import { call, GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { compose } from "./compose.ts";
import { longRunning, services } from "./services.ts";
import { untilReady } from "./stack.ts";

describe("down and up again", () => {
  it("finds an earlier trace, log line, metric and alert in the volumes", async () => {
    const at = await urls();
    const request = GATEWAY_REQUESTS[0] as GatewayRequest;
    const both = [request.gateway, request.service];
    const { traceId } = await call(at.base(request), request.path);
    const ofTrace = `{service_name="gateway"} | trace_id="${traceId}"`;
    await eventually("trace of the request", () => traceOf(at.tempo, traceId, both));
    await eventually("log line of the request", async () => (await lines(at.loki, ofTrace)).length > 0);
    const series = 'http_server_request_duration_seconds_count{service_name="gateway"}';
    await eventually(
      "metric of the request",
      async () => ((await value(at.prometheus, `sum(${series})`)) ?? 0) > 0,
    );
    const moment = Date.now() / 1000;
    const metric = () => value(at.prometheus, `sum(${series} @ ${moment.toFixed(3)})`);
    const earlier = await metric();
    const alerts = (await inbox()).alerts.length;
    assert.ok(earlier && alerts > 0);

    const down = performance.now();
    await compose("down");
    console.log(`    down in ${((performance.now() - down) / 1000).toFixed(1)} s`);
    const up = performance.now();
    await compose("up", "-d", "--no-build", ...services);
    await untilReady(longRunning);
    console.log(`    up and ready in ${((performance.now() - up) / 1000).toFixed(1)} s`);

    await within("earlier trace", 5_000, () => traceOf(at.tempo, traceId, both));
    await within("earlier log line", 5_000, async () => (await lines(at.loki, ofTrace)).length > 0);
    await within("earlier metric", 5_000, async () => (await metric()) === earlier);
    assert.ok((await inbox()).alerts.length >= alerts);
    const again = await call(at.base(request), request.path);
    await within("a new trace", 5_000, () => traceOf(at.tempo, again.traceId, both));
  });
});
