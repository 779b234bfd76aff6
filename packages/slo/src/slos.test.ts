import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventsOf } from "./promtool/events.ts";
import { readSlos } from "./read.ts";

/** Only the lab's own objectives, not those that a user added. */
const slos = readSlos().filter(({ file }) => file.startsWith("gateway-"));
const summaries = slos.map(({ service, kind, target, counted, total }) => {
  const route = /http_route="([^"]+)"/.exec(total)?.[1] ?? "streams";
  const bound = /le="([^"]+)"/.exec(counted.selector)?.[1];
  return `${service} ${route} ${kind} ${target}${bound ? ` ≤ ${bound} s` : ""}`;
});

describe("the lab's objectives", () => {
  it("are the documented ones, for each gateway", () =>
    assert.deepEqual(
      summaries.sort(),
      ["gateway", "gateway-rest"]
        .flatMap((gateway) => [
          `${gateway} /a/hello availability 0.999`,
          `${gateway} /b/numbers availability 0.999`,
          `${gateway} /a/hello latency 0.99 ≤ 0.1 s`,
          `${gateway} streams pace 0.99 ≤ 0.15 s`,
        ])
        .sort(),
    ));

  for (const slo of slos)
    it(`${slo.name} selects its own service only and names it`, () => {
      for (const selector of [slo.total, slo.counted.selector])
        assert.match(selector, new RegExp(`[{,]service_name="${slo.service}"[,}]`));
      assert.ok(slo.name.startsWith(`${slo.service}-`) && slo.displayName.startsWith(`${slo.service} `));
      assert.ok(slo.name.endsWith(`-${slo.kind}`) && slo.displayName.endsWith(` ${slo.kind}`));
      const port = slo.service === "gateway" ? "gRPC (port 8080)" : "REST (port 8081)";
      assert.ok(slo.description.includes(port), slo.description);
      assert.ok(slo.objective.includes(`${Number((slo.target * 100).toFixed(6))} %`));
    });

  for (const slo of slos)
    it(`${slo.name} counts the services' events correctly and has the name of its file`, () => {
      const known = eventsOf(slo);
      assert.ok("events" in known && known.from === "the services", JSON.stringify(known));
      assert.equal(slo.file, `${slo.name}.yaml`);
    });
});
