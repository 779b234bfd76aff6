import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { UpstreamState } from "../../shared/api.ts";
import { startBackend, testConsole } from "../../test/console.ts";

describe("GET /api/backends", () => {
  it("returns the state of each upstream, with a problem and a fix if it is down", async (test) => {
    const requests: string[] = [];
    const address = await startBackend(test, (request, response) => {
      requests.push(request.url ?? "");
      if (request.url === "/ready") response.statusCode = 503;
      response.end("Ingester not ready: waiting for 15s");
    });
    const { get } = testConsole(test, { PROMETHEUS_URL: address, TEMPO_URL: address });
    const all = (await (await get("/api/backends")).json()) as UpstreamState[];
    const of = (name: string) => all.find((each) => each.name === name);
    assert.deepEqual(of("prometheus"), { name: "prometheus", up: true });
    assert.equal(of("tempo")?.up, false);
    assert.match(of("tempo")?.problem ?? "", /^Tempo .* is not ready: 503 Ingester not ready/);
    assert.match(of("loki")?.problem ?? "", /^Loki cannot be reached at http:\/\/127\.0\.0\.1:1 /);
    assert.match(of("loki")?.fix ?? "", /npx lab logs loki/);
    assert.deepEqual(requests.toSorted(), ["/-/ready", "/ready"]);
  });

  it("probes all upstreams in parallel with a short timeout; concurrent requests share one probe", async (test) => {
    let requests = 0;
    const silent = await startBackend(test, () => {
      requests += 1;
    });
    const { get } = testConsole(test, {
      PROMETHEUS_URL: silent,
      TEMPO_URL: silent,
      CONSOLE_LOKI_URL: silent,
    });
    const start = performance.now();
    const [first, second] = await Promise.all([get("/api/backends"), get("/api/backends")]);
    assert.ok(performance.now() - start < 900, `${performance.now() - start} ms`);
    assert.equal(requests, 3);
    assert.deepEqual(await first.json(), await second.json());
  });
});
