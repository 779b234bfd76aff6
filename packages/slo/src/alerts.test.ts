import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sloAlerts } from "./alerts.ts";
import { PROFILES } from "./profile.ts";
import type { Slo } from "./slo.ts";

const slo: Slo = {
  name: "shop-pay-availability",
  file: "shop.yaml",
  displayName: "shop /pay availability",
  kind: "availability",
  service: "shop",
  objective: "99.5 % of the payments succeed.",
  description: "",
  target: 0.995,
  budget: 0.005,
  total: 'requests_total{service_name="shop"}',
  counted: { what: "bad", selector: 'requests_total{service_name="shop",code="500"}' },
};

describe("sloAlerts", () => {
  const alerts = sloAlerts(slo, PROFILES.demo);

  it("generates one alert for each pair of windows, and one for missing data", () =>
    assert.deepEqual(
      alerts.map(({ alert, holdFor, labels }) => [alert, labels.severity, labels.window, holdFor]),
      [
        ["SloAvailabilityBurn", "page", "2m", 6],
        ["SloAvailabilityBurn", "page", "12m", 6],
        ["SloAvailabilityBurn", "ticket", "48m", 60],
        ["SloAvailabilityBurn", "ticket", "2h24m", 60],
        ["SloDataMissing", "page", undefined, 30],
      ],
    ));

  it("requires the burn rate in both windows and a minimum number of bad events", () =>
    assert.equal(
      alerts[0]?.expr,
      [
        'slo:burn_rate{slo="shop-pay-availability",window="2m"} > 14.4',
        'and ignoring (window) slo:burn_rate{slo="shop-pay-availability",window="10s"} > 14.4',
        'and round(slo:bad_events:increase{slo="shop-pay-availability",window="2m"}) >= 3',
      ].join("\n"),
    ));

  it("sets depends_on_service of a burn alert only if the objective does; SloDataMissing depends on the objective's service", () => {
    assert.ok(!("depends_on_service" in (alerts[0]?.labels ?? {})));
    assert.equal(alerts.at(-1)?.labels.depends_on_service, "shop");
    const [first] = sloAlerts({ ...slo, dependsOn: "bank" }, PROFILES.demo);
    assert.equal(first?.labels.depends_on_service, "bank");
  });

  it("escapes braces in texts so that they start no template", () => {
    const named = { ...slo, displayName: "{{ end }} {{", objective: "{{x}}" };
    for (const { annotations } of sloAlerts(named, PROFILES.demo)) {
      assert.match(annotations.summary ?? "", /^\{\{ "\{\{" \}\} end \}\} \{\{ "\{\{" \}\}: /);
      assert.match(annotations.description ?? "", /Objective: \{\{ "\{\{" \}\}x\}\}$/);
    }
  });

  it("generates the same alerts for Grafana, with the label and value template of Grafana", () => {
    const grafanaAlerts = sloAlerts(slo, PROFILES.demo, { origin: "grafana", value: "{{ $values.A }}" });
    assert.deepEqual(
      grafanaAlerts.map(({ expr, holdFor }) => [expr, holdFor]),
      alerts.map(({ expr, holdFor }) => [expr, holdFor]),
    );
    assert.equal(grafanaAlerts[0]?.labels.origin, "grafana");
    assert.match(grafanaAlerts[0]?.annotations.description ?? "", /; it is now \{\{ \$values\.A \}\}\. /);
  });
});
