import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { diagnose, HOST } from "@lgtm-lab/stack";
import { lab } from "./support/lab.ts";
import { query } from "./support/prometheus.ts";
import { type Group, withTargets } from "./support/targets.ts";
import { eventually } from "./support/within.ts";

const CLASSIC = "# HELP own_total Requests.\n# TYPE own_total counter\nown_total 3\n";
const OPEN_METRICS = '# TYPE own counter\nown_total 3 # {trace_id="0af7"} 1\n# EOF\n';

const page =
  (contentType: string | undefined, body: string | Buffer, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, contentType === undefined ? {} : { "content-type": contentType });
    response.end(body);
  };

/** Responses of /metrics that Prometheus must accept. */
const GOOD: Record<string, RequestListener> = {
  "text/html": page("text/html; charset=utf-8", CLASSIC),
  "no Content-Type": page(undefined, CLASSIC),
  "an empty Content-Type": page("", CLASSIC),
  JSON: page("application/json", CLASSIC),
  "octet-stream": page("application/octet-stream", CLASSIC),
  "a Content-Type that cannot be parsed": page("text/plain;;=", CLASSIC),
  "no Content-Type, no line end": page(undefined, CLASSIC.trimEnd()),
  "classic text, as it should be": page("text/plain; version=0.0.4", CLASSIC),
  "OpenMetrics, as it should be": page(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    OPEN_METRICS,
  ),
  "a label value of 1,024 bytes": page("text/plain", `own_total{a="${"y".repeat(1024)}"} 3\n`),
};

/** Targets that Prometheus cannot scrape, with the doctor's reason and fix. */
const BAD: Record<string, [listener: RequestListener | string, cause: RegExp, fix: RegExp]> = {
  refused: ["127.0.0.1:1", /nothing listens on 127\.0\.0\.1:1/, /start refused/],
  unresolved: ["no-such-host.invalid:80", /cannot be resolved/, /host name/],
  slow: [() => {}, /does not respond within the scrape timeout/, /__scrape_timeout__/],
  missing: [page("text/plain", "nothing here", 404), /responds with 404/, /__metrics_path__/],
  failing: [page("text/plain", "oops", 500), /responds with 500/, /curl -i/],
  website: [page("text/html", "<!doctype html><html></html>"), /HTML page/, /__metrics_path__/],
  document: [page("application/json", '{"a":1}'), /JSON/, /__metrics_path__/],
  "long-label": [
    page("text/plain", `x{a="${"y".repeat(1025)}"} 1\n`),
    /1025 bytes; the limit is 1024/,
    /shorten/,
  ],
  "many-samples": [
    page("text/plain", Array.from({ length: 50_001 }, (_, i) => `x{i="${i}"} 1\n`).join("")),
    /more samples/,
    /sample_limit/,
  ],
  "as-url": ["http://127.0.0.1:7000/metrics", /must be host:port/, /__metrics_path__/],
  unfinished: [page("application/openmetrics-text; version=1.0.0", CLASSIC), /# EOF/, /# EOF/],
};

describe("scrape targets that a user adds", () => {
  const servers: Server[] = [];
  const groups: Group[] = [];

  async function serve(
    name: string,
    listener: RequestListener | string,
    extraLabels: Record<string, string> = {},
  ) {
    const labels = { job: name, service_name: name, ...extraLabels };
    if (typeof listener === "string") {
      groups.push({ targets: [listener], labels });
      return;
    }
    const server = createServer(listener).listen(0, HOST);
    await once(server, "listening");
    servers.push(server);
    groups.push({ targets: [`${HOST}:${(server.address() as AddressInfo).port}`], labels });
  }

  before(async () => {
    for (const [name, listener] of Object.entries(GOOD)) await serve(name, listener);
    for (const [name, [listener]] of Object.entries(BAD)) await serve(name, listener);
    const late: RequestListener = (request, response) => {
      setTimeout(() => page("text/plain", CLASSIC)(request, response), 2500);
    };
    groups.push({
      targets: [`${HOST}:7000`],
      labels: { job: "patient", service_name: "patient", __scrape_timeout__: "10s" },
    });
    await serve("slow, with a longer timeout", late, { __scrape_interval__: "6s", __scrape_timeout__: "5s" });
  });
  after(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  it("are stored with any Content-Type; the doctor lists all targets that are down, each with its reason", async () => {
    const stack = await lab();
    await withTargets(
      "services.json",
      (own) => [...own, ...groups],
      async () => {
        const names = [...Object.keys(GOOD), "slow, with a longer timeout"];
        const missing = await eventually(
          "all good ones are stored",
          async () => {
            const stored = await query(stack.address("prometheus"), "own_total == 3");
            const left = names.filter((name) => !stored.some(({ metric }) => metric.service_name === name));
            return left.length === 0 && "none";
          },
          60_000,
        );
        assert.equal(missing, "none");

        const problems = await eventually(
          "all bad ones are scraped",
          async () => {
            const verdicts = await diagnose(stack);
            const found = verdicts.find(({ hop }) => hop === "every target is up");
            return found && !/not scraped yet/.test(found.text) && found.problems;
          },
          60_000,
        );
        assert.deepEqual(
          problems.map(({ cause }) => cause.replace(/ \(.*/, "")).sort(),
          [...Object.keys(BAD), "patient"].sort(),
          "all targets that are down, and no others",
        );
        for (const [name, [, cause, fix]] of Object.entries(BAD)) {
          const problem = problems.find((each) => each.cause.startsWith(`${name} (`));
          assert.match(problem?.cause ?? "", cause);
          assert.match(problem?.fix ?? "", fix);
          assert.doesNotMatch(problem?.fix ?? "", /npx lab logs/, "the lab does not run it");
        }
        const patient = problems.find(({ cause }) => cause.startsWith("patient"));
        assert.match(patient?.fix ?? "", /timeout \(10s\) must not exceed its interval \(2s\)/);
      },
    );
  });
});
