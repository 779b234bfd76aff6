import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { runPromtool } from "../test/promtool.ts";

interface Mutation {
  readonly what: string;
  /** The rule file without its extension. */
  readonly rules: string;
  readonly from: string;
  readonly to: string;
  /** Selects the unit tests to run, to save time. */
  readonly run: string;
  /** The test file, if its name differs. */
  readonly test?: string;
}

const AVAILABILITY = "demo/gateway-hello-availability";
const LATENCY = "demo/gateway-hello-latency";
const PACE = "demo/gateway-numbers-pace";
const HEALTH = { rules: "demo/health", test: "health" };

/** Plausible mistakes in rules. Each must make a unit test fail. */
const MUTATIONS: readonly Mutation[] = [
  { what: "a threshold a little higher", rules: AVAILABILITY, from: "> 14.4", to: "> 14.6", run: "steady" },
  { what: "a threshold a little lower", rules: PACE, from: "> 3\n", to: "> 2.8\n", run: "steady" },
  {
    what: "a ticket's threshold a little higher",
    rules: "production/gateway-hello-latency",
    from: "> 1\n",
    to: "> 1.2\n",
    run: "steady",
  },
  { what: "two bad events are enough", rules: LATENCY, from: ">= 3", to: ">= 2", run: "low traffic" },
  { what: "four bad events are needed", rules: LATENCY, from: ">= 3", to: ">= 4", run: "low traffic" },
  { what: "no short window", rules: AVAILABILITY, from: '"10s"} > 14', to: '"2m"} > 14', run: "outage" },
  { what: "no long window", rules: AVAILABILITY, from: '"2m"} > 14', to: '"10s"} > 14', run: "burst" },
  { what: "a longer window", rules: AVAILABILITY, from: "[48m]", to: "[50m]", run: "", test: "windows-demo" },
  { what: "502 not counted as bad", rules: AVAILABILITY, from: '=~"5.."', to: '=~"50[034]"', run: "steady" },
  {
    what: "client errors other than 400 counted in the total",
    rules: AVAILABILITY,
    from: '!~"4.."',
    to: '!~"400"',
    run: "flood",
  },
  { what: "missed deadlines not counted", rules: LATENCY, from: "|504", to: "", run: "steady" },
  {
    what: "all server errors counted as slow responses",
    rules: LATENCY,
    from: "|504",
    to: "|5..",
    run: "client",
  },
  { what: "a wrong histogram bucket", rules: PACE, from: 'le="0.15"', to: 'le="0.25"', run: "steady" },
  {
    what: "missing data is detected late",
    rules: LATENCY,
    from: "for: 30s",
    to: "for: 1m",
    run: "disappear",
  },
  {
    what: "the error budget of a different objective",
    rules: LATENCY,
    from: "/ 0.01",
    to: "/ 0.02",
    run: "steady",
  },
  {
    what: "a target that is down is not detected",
    ...HEALTH,
    from: "up == 0",
    to: "up == 2",
    run: "TargetDown",
  },
  {
    what: "a breaker that is tried counts as closed",
    ...HEALTH,
    from: "gateway_breaker_state > 0",
    to: "gateway_breaker_state > 1",
    run: "CircuitBreakerOpen",
  },
  {
    what: "an ejected instance counts as in use",
    ...HEALTH,
    from: "gateway_instance_ejected == 1",
    to: "gateway_instance_ejected == 2",
    run: "InstanceEjected",
  },
  {
    what: "an instance that is not much slower",
    ...HEALTH,
    from: "3 * min by (service_name, job, instance, upstream)",
    to: "2 * min by (service_name, job, instance, upstream)",
    run: "InstanceSlow",
  },
  {
    what: "an instance that is slower by a few milliseconds",
    ...HEALTH,
    from: "  0.1\n          )",
    to: "  0.05\n          )",
    run: "InstanceSlow",
  },
  {
    what: "an instance that got one slow call",
    ...HEALTH,
    from: '(increase(gateway_upstream_calls_total{outcome="ok"}[1m]) >= 2)',
    to: '(increase(gateway_upstream_calls_total{outcome="ok"}[1m]) > 0)',
    run: "InstanceSlow",
  },
  {
    what: "failed calls that were not retried",
    ...HEALTH,
    from: '(increase(gateway_retries_total{outcome="retried"}[1m]))',
    to: "(increase(gateway_retries_total[1m]))",
    run: "RetryRateHigh",
  },
  {
    what: "a few retries",
    ...HEALTH,
    from: '{outcome="retried"}[1m])) >= 3\n',
    to: '{outcome="retried"}[1m])) >= 1\n',
    run: "RetryRateHigh",
  },
  {
    what: "the end between two calls to a slow instance",
    ...HEALTH,
    from: "a minute can contain only one.\n        keep_firing_for: 45s",
    to: "a minute can contain only one.\n        keep_firing_for: 2s",
    run: "InstanceSlow",
  },
  {
    what: "the end between two ejections",
    ...HEALTH,
    from: "enough calls have failed again.\n        keep_firing_for: 45s",
    to: "enough calls have failed again.\n        keep_firing_for: 2s",
    run: "InstanceEjected",
  },
  {
    what: "the end during a pause of the retries",
    ...HEALTH,
    from: "# which inhibits it, is resolved.\n        keep_firing_for: 10s",
    to: "# which inhibits it, is resolved.\n        keep_firing_for: 2s",
    run: "RetryRateHigh",
  },
  {
    what: "a small share of shed requests",
    ...HEALTH,
    from: "> 0.01 * sum by (service_name, job, instance) (increase(http_server_request",
    to: "> 0.001 * sum by (service_name, job, instance) (increase(http_server_request",
    run: "GatewayShedding",
  },
  {
    what: "refusals of a small share of the requests",
    ...HEALTH,
    from: "> 0.2 * sum",
    to: "> 0.01 * sum",
    run: "AuthenticationFailing",
  },
  {
    what: "a few refusals",
    ...HEALTH,
    from: ">= 20",
    to: ">= 2",
    run: "AuthenticationFailing",
  },
  {
    what: "keys that were obtained",
    ...HEALTH,
    from: "gateway_auth_jwks_up == 0",
    to: "gateway_auth_jwks_up <= 1",
    run: "JwksUnavailable",
  },
  {
    what: "a certificate that is renewed in time",
    ...HEALTH,
    from: "< 0.2 * (tls_certificate_not_after",
    to: "< 0.3 * (tls_certificate_not_after",
    run: "CertificateExpiring",
  },
  {
    what: "a rate limit that rejects half of the requests fires",
    ...HEALTH,
    from: "> 0.5 * sum by (service_name, http_route)",
    to: ">= 0.5 * sum by (service_name, http_route)",
    run: "RateLimitRejectsMost",
  },
  {
    what: "clients that share a bucket of the rate limit are ignored",
    ...HEALTH,
    from: 'bucket="shared"',
    to: 'bucket="other"',
    run: "RateLimitRejectsMost",
  },
  {
    what: "a stall reported as targets that are down",
    ...HEALTH,
    from: "count >= 3",
    to: "count >= 9",
    run: "TargetDown",
  },
  {
    what: "two targets that are down treated as a stall",
    ...HEALTH,
    from: "count >= 3",
    to: "count >= 2",
    run: "TargetDown",
  },
  {
    what: "a few slow targets of many treated as a stall",
    ...HEALTH,
    from: "0.25 *",
    to: "0.05 *",
    run: "TargetDown",
  },
  {
    what: "a refused connection treated as a stall",
    ...HEALTH,
    from: "seconds < 1.5",
    to: "seconds < 0",
    run: "TargetDown",
  },
  {
    what: "a lasting stall is not detected",
    ...HEALTH,
    from: "up offset 10s",
    to: "up offset 10m",
    run: "TargetDown",
  },
  {
    what: "a start-up grace period of one minute instead of two",
    ...HEALTH,
    from: "< 120",
    to: "< 60",
    run: "TargetDown",
  },
  {
    what: "the start-up grace period applied to targets that were up",
    ...HEALTH,
    from: "(max_over_time(up[2m]) == 0 unless",
    to: "(max_over_time(up[2m]) >= 0 unless",
    run: "TargetDown",
  },
  {
    what: "the start-up grace period applied to targets that were down before Prometheus started",
    ...HEALTH,
    from: "unless max_over_time(up[2m] offset 2m) == 0)",
    to: "unless max_over_time(up[2m] offset 2m) > 1)",
    run: "TargetDown",
  },
  {
    what: "CollectorStalled fires for a backend that is still being built",
    ...HEALTH,
    from: 'on () up{service_name="tempo"} offset 2m',
    to: 'on () (up{service_name="tempo"} offset 2m or vector(1))',
    run: "CollectorStalled",
  },
  {
    what: "CollectorStalled fires for a backend that has just been built",
    ...HEALTH,
    from: "offset 2m)",
    to: "offset 1m)",
    run: "CollectorStalled",
  },
  {
    what: "the first loss is not detected",
    ...HEALTH,
    from: "[10m] offset 1m",
    to: "[10m]",
    run: "LokiRefusing",
  },
  {
    what: "an old loss reported as new",
    ...HEALTH,
    from: "[10m] offset",
    to: "[1s] offset",
    run: "CollectorLosing",
  },
  {
    what: "a series limit detected late",
    ...HEALTH,
    from: ") > 0.8",
    to: ") > 0.82",
    run: "SpanMetricsNear",
  },
  {
    what: "no limit treated as a limit that is reached",
    ...HEALTH,
    from: "max_active_series > 0)",
    to: "max_active_series)",
    run: "SpanMetricsNear",
  },
  {
    what: "a missing counter treated as a loss",
    ...HEALTH,
    from: "or 0 * sum",
    to: "or 1 * sum",
    run: "RemoteWriteFailing",
  },
  {
    what: "a wrong number in a description",
    ...HEALTH,
    from: "than 10 %",
    to: "than 20 %",
    run: "LokiFailing",
  },
  {
    what: "the runbook of another alert",
    ...HEALTH,
    from: "/TempoRefusing",
    to: "/LokiRefusing",
    run: "Tempo",
  },
];

describe("the unit tests of the rules fail with", { concurrency: 2 }, () => {
  for (const { what, rules, from, to, run, test = rules } of MUTATIONS)
    it(`${what} (${from.trim()} → ${to.trim()})`, async (context) => {
      const copy = mkdtempSync(join(tmpdir(), "rules-"));
      context.after(() => rmSync(copy, { recursive: true }));
      cpSync(join(REPOSITORY, "prometheus"), copy, { recursive: true });
      const file = join(copy, "rules", `${rules}.yml`);
      const before = readFileSync(file, "utf8");
      assert.ok(before.includes(from), `${from} is not in ${rules}.yml`);
      writeFileSync(file, before.replaceAll(from, to));
      const { code, output } = await runPromtool(
        copy,
        "test",
        "rules",
        `--run=${run}`,
        `tests/${test}.test.yml`,
      );
      assert.notEqual(code, 0, `they pass:\n${output}`);
      assert.match(output, /exp:/, "fails, but not at an expectation");
    });
});
