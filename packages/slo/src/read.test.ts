import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { parseSlo, readSlos, SloDocumentError } from "./read.ts";
import { REPOSITORY } from "./repository.ts";

const file = "gateway-hello-latency.yaml";
const valid = readFileSync(join(REPOSITORY, "slo", file), "utf8");
const with_ = (from: string | RegExp, to: string) => {
  const changed = valid.replace(from, to);
  assert.notEqual(changed, valid, `${from} is not in ${file}`);
  return parseSlo(changed, file);
};
const complains = (result: unknown, complaint: RegExp) => {
  assert.ok(Array.isArray(result), "accepted");
  assert.match(result.join("\n"), complaint);
};

describe("an OpenSLO document", () => {
  it("is read", () => {
    const slo = parseSlo(valid, file);
    assert.ok(!Array.isArray(slo), String(slo));
    assert.equal(slo.target, 0.99);
    assert.equal(slo.budget, 0.01);
    assert.equal(slo.counted.what, "good");
    assert.equal(slo.dependsOn, "service-a");
  });

  it("may leave out what it depends on", () => {
    const slo = with_(/ +lgtm-lab\/depends-on-service: .*\n/, "");
    assert.ok(!Array.isArray(slo) && !("dependsOn" in slo));
  });

  for (const [what, from, to, complaint] of [
    ["target of 1", "target: 0.99", "target: 1", /^spec\.objectives\[0\]\.target: must be less than 1/],
    [
      "a target in per cent",
      "target: 0.99",
      "target: 99",
      /^spec\.objectives\[0\]\.target: must be less than 1/,
    ],
    ["a target too low to ever page", "target: 0.99", "target: 0.9", /target: must be more than 0\.9306/],
    ["a target as text", "target: 0.99", 'target: "0.99"', /target: must be a number/],
    ["another period", "duration: 30d", "duration: 7d", /^spec\.timeWindow\[0\]\.duration: must be 30d/],
    ["an unknown field", "  service: gateway", "  service: gateway\n  servce: x", /^spec: .*servce/],
    ["no total", /total:/, "totl:", /^spec\.indicator\.spec\.ratioMetric(\.total)?: /],
    ["neither good nor bad", "good:", "god:", /ratioMetric: /],
    [
      "a rate as query",
      /query: (.*_bucket)(.*)/,
      "query: rate($1$2[5m])",
      /good\.metricSource\.spec\.query: must be the plain selector/,
    ],
    [
      "two queries in one",
      /query: (.*_bucket)(.*)/,
      "query: $1$2 + $1$2",
      /query: must be the plain selector/,
    ],
    [
      "a name that is not the file's",
      "name: gateway-hello-latency",
      "name: other",
      /^metadata\.name: must be gateway-hello-latency, like the file \(is other\)/,
    ],
    ["another kind of document", "kind: SLO", "kind: Service", /^kind: must be SLO/],
    ["another version", "openslo/v1", "openslo/v2alpha", /^apiVersion: must be openslo\/v1/],
    ["no kind of objective", /\n +lgtm-lab\/kind: .*/, "", /^metadata\.annotations\.lgtm-lab\/kind: /],
    [
      "no description",
      /description: >-\n( {4}.*\n)+/,
      "description: ''\n",
      /^spec\.description: must not be empty/,
    ],
    ["broken YAML", "spec:", "spec: [", /./],
  ] as const)
    it(`is refused with ${what}`, () => complains(with_(from, to), complaint));

  it("may have braces in a label's value", () => {
    const slo = with_(/http_route="\/a\/hello"/g, 'http_route="/a/{name}"');
    assert.ok(!Array.isArray(slo), String(slo));
  });
});

describe("readSlos", () => {
  const folder = (test: TestContext, files: Record<string, string>) => {
    const path = mkdtempSync(join(tmpdir(), "slo-"));
    test.after(() => rmSync(path, { recursive: true }));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
    return path;
  };

  it("names each file and each field that is wrong", (test) => {
    const path = folder(test, {
      "a.yaml": valid.replace("target: 0.99", "target: 2"),
      "b.yaml": valid.replace("30d", "1d").replace("Occurrences", "Timeslices"),
    });
    assert.throws(
      () => readSlos(path),
      (error) => {
        assert.ok(error instanceof SloDocumentError);
        assert.match(error.message, /a\.yaml: spec\.objectives\[0\]\.target: /);
        assert.match(error.message, /b\.yaml: spec\.timeWindow\[0\]\.duration: /);
        assert.match(error.message, /b\.yaml: spec\.budgetingMethod: /);
        return true;
      },
    );
  });

  it("does not take an empty folder for no objectives", (test) =>
    assert.throws(() => readSlos(folder(test, {})), SloDocumentError));
});
