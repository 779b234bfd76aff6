import assert from "node:assert/strict";
import { test } from "vitest";
import { burnLevel, readSlos } from "./slo.ts";

const series = (name: string, value: string, more: Record<string, string> = {}) => ({
  metric: { __name__: `slo:${name}`, slo: "gateway-hello-latency", service_name: "gateway", ...more },
  values: [[1, value] as const],
});

test("reads objectives with budget and burn rates, shortest window first", () => {
  const [slo, ...others] = readSlos([
    series("burn_rate", "2", { window: "2h24m" }),
    series("burn_rate", "0", { window: "10s" }),
    series("burn_rate", "15.2", { window: "2m" }),
    series("burn_rate", "7", { window: "2m", slo: "another" }),
    series("error_budget_remaining", "-0.5", { period: "1d" }),
    series("objective", "0.99", {
      display_name: "gateway /a/hello latency",
      kind: "latency",
      period: "1d",
    }),
  ]);
  assert.deepEqual(others, []);
  assert.equal(slo?.target, 0.99);
  assert.equal(slo?.remainingBudget, -0.5);
  assert.deepEqual(slo?.burnRates, [
    { window: "10s", rate: 0 },
    { window: "2m", rate: 15.2 },
    { window: "2h24m", rate: 2 },
  ]);
});

test("a budget that is not recorded yet is missing", () => {
  assert.equal(readSlos([series("objective", "0.99")])[0]?.remainingBudget, undefined);
  assert.equal(
    readSlos([series("objective", "0.99"), series("error_budget_remaining", "NaN")])[0]?.remainingBudget,
    undefined,
  );
  assert.deepEqual(readSlos([]), []);
});

test("classifies burn rates", () => {
  assert.deepEqual([0, 0.4, 1.1, 6, 6.1, Number.NaN].map(burnLevel), [
    "ok",
    "burning",
    "ticket",
    "ticket",
    "page",
    "ok",
  ]);
});
