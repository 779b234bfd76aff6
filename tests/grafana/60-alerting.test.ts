import assert from "node:assert/strict";
import { PROFILES, readSlos, sloAlerts } from "@lgtm-lab/slo";
import pWaitFor from "p-wait-for";
import { adminCheck, check } from "./support/check.ts";
import { type RuleState, ruleStates } from "./support/rules.ts";

/** Tickets are evaluated every 30 s. */
const BOUND_MS = 90_000;

const identity = ({ labels }: Pick<RuleState, "labels">, alert: string) =>
  [labels.slo, alert, labels.window].filter(Boolean).join(" ");

check("every alert of every objective exists as a Grafana-managed rule", async (visitor) => {
  const rules = await ruleStates(visitor);
  const profile = rules[0]?.labels.profile === "production" ? PROFILES.production : PROFILES.demo;
  const twins = readSlos().flatMap((slo) => sloAlerts(slo, profile, { origin: "grafana", value: "" }));
  assert.deepEqual(
    rules.map(({ name }) => name).sort(),
    twins.map((twin) => identity(twin, twin.alert)).sort(),
  );
  for (const { name, annotations } of rules)
    for (const key of ["summary", "description", "runbook_url", "dashboard_url"])
      assert.ok(annotations[key], `${name} has no ${key}`);
});

check("every rule is evaluated regularly without an error", async (visitor) => {
  let wrong: unknown[] = ["nothing was checked"];
  const look = async () => {
    const rules = await ruleStates(visitor);
    wrong = rules.filter(({ health, lastError, lastEvaluation, interval }) => {
      const age = (Date.now() - Date.parse(lastEvaluation)) / 1000;
      return health !== "ok" || lastError || age > 3 * interval;
    });
    return rules.length > 0 && wrong.length === 0;
  };
  await pWaitFor(look, { interval: 2000, timeout: BOUND_MS }).catch((error) => {
    assert.deepEqual(wrong, []);
    throw error;
  });
});

interface ContactPoint {
  readonly name: string;
  readonly type: string;
  readonly settings: { readonly url?: string };
}

interface Policy {
  readonly receiver: string;
  readonly object_matchers?: readonly (readonly string[])[];
  readonly mute_time_intervals?: readonly string[];
  readonly routes?: readonly Policy[];
}

adminCheck("the contact point is the console's inbox", async (admin) => {
  const points = await admin.get<ContactPoint[]>("/api/v1/provisioning/contact-points");
  const inbox = points.find(({ name }) => name === "console");
  assert.equal(inbox?.type, "webhook");
  assert.match(inbox?.settings.url ?? "", /^https?:\/\/.+\/api\/alerts$/);
});

adminCheck("Grafana's own alerts are shown but not sent; all others go to the console", async (admin) => {
  const policy = await admin.get<Policy>("/api/v1/provisioning/policies");
  assert.equal(policy.receiver, "console");
  const [route] = policy.routes ?? [];
  assert.deepEqual(
    [route?.receiver, route?.object_matchers, route?.mute_time_intervals],
    ["console", [["origin", "=", "grafana"]], ["always"]],
  );
  const timings = await admin.get<{ name: string }[]>("/api/v1/provisioning/mute-timings");
  assert.ok(timings.some(({ name }) => name === "always"));
});
