// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts contain Grafana's placeholders
import assert from "node:assert/strict";
import { test } from "vitest";
import { interpolate, type Meaning, referencesIn } from "./interpolate.ts";

const MEANINGS: Readonly<Record<string, Meaning>> = {
  one: { values: ["a"] },
  two: { values: ["a.b", "c"] },
  all: { values: [".+"], raw: true, text: "All" },
  "__field.labels.service_name": { values: ["a b&c"] },
  __rate_interval: "8s",
};
const resolve = (path: string) => MEANINGS[path];

test("replaces variables in each notation", () => {
  assert.equal(interpolate("$one ${one} [[one]] ${one:raw}", resolve), "a a a a");
  assert.equal(interpolate("rate(x[$__rate_interval])", resolve, "promql"), "rate(x[8s])");
  assert.equal(interpolate("$nobody ${nobody:csv} $", resolve), "$nobody ${nobody:csv} $");
});

test("several values become alternatives, with special characters escaped for a PromQL string", () => {
  assert.equal(interpolate('{job=~"$two"}', resolve, "promql"), '{job=~"(a\\\\.b|c)"}');
  assert.equal(interpolate('{job=~"$all"}', resolve, "promql"), '{job=~".+"}');
  assert.equal(interpolate("$two", resolve, "pipe"), "a.b|c");
});

test("applies the format of a reference", () => {
  assert.equal(interpolate("${two:csv} ${two:pipe} ${two:json}", resolve), 'a.b,c a.b|c ["a.b","c"]');
  assert.equal(interpolate("${two:queryparam}", resolve), "var-two=a.b&var-two=c");
  assert.equal(interpolate("${two:doublequote} ${two:regex}", resolve), '"a.b","c" (a\\.b|c)');
  assert.equal(interpolate("${all:text}", resolve), "All");
});

test("values from data are encoded in links", () => {
  const url = interpolate("/d/x?var-service=${__field.labels.service_name}", resolve, "uriencode");
  assert.equal(url, "/d/x?var-service=a%20b%26c");
});

test("finds the names that a text refers to", () => {
  assert.deepEqual(referencesIn('$a ${b:csv} [[c]] ${d.e["f"]}'), ["a", "b", "c", 'd.e["f"]']);
});
