import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConsoleConfig } from "../../shared/api.ts";
import { startBackend, testConsole } from "../../test/console.ts";

describe("GET /api/config", () => {
  it("returns the console token, which changes at each start", async (test) => {
    const read = async () => (await (await testConsole(test).get("/api/config")).json()) as ConsoleConfig;
    const [one, other] = [await read(), await read()];
    assert.match(one.token, /^[\w-]{43}$/);
    assert.notEqual(one.token, other.token);
    assert.equal(one.grafana, null);
  });

  it("returns Grafana's address if Grafana is running", async (test) => {
    const GRAFANA_URL = await startBackend(test, (_, response) => response.end("{}"));
    const { get } = testConsole(test, { GRAFANA_URL });
    assert.equal(((await (await get("/api/config")).json()) as ConsoleConfig).grafana, GRAFANA_URL);
    // In containers, browsers and the console use different addresses.
    const GRAFANA_PUBLIC_URL = "http://127.0.0.1:3333";
    const inContainers = testConsole(test, { GRAFANA_URL, GRAFANA_PUBLIC_URL });
    assert.equal(
      ((await (await inContainers.get("/api/config")).json()) as ConsoleConfig).grafana,
      GRAFANA_PUBLIC_URL,
    );
  });

  it("cannot be read, cached or embedded by other pages", async (test) => {
    const { get } = testConsole(test);
    for (const headers of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "http://evil.example" },
      { origin: "null" },
    ])
      assert.equal((await get("/api/config", headers)).status, 403, JSON.stringify(headers));
    const own = await get("/api/config", { "sec-fetch-site": "same-origin" });
    assert.equal(own.status, 200);
    assert.equal(own.headers.get("cache-control"), "no-store");
    assert.equal(own.headers.get("access-control-allow-origin"), null);
    assert.equal(own.headers.get("cross-origin-resource-policy"), "same-origin");
  });
});
