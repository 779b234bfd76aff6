import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PROMETHEUS } from "../test/rules.ts";

const read = (file: string) => readFileSync(join(PROMETHEUS, file), "utf8");

describe("the health rules", () => {
  const demo = read("rules/demo/health.yml");
  const production = read("rules/production/health.yml");

  it("differ between the profiles only in the label", () => {
    assert.notEqual(demo, production);
    assert.equal(
      demo.replaceAll("profile: demo", "profile: production").replace('"demo"', '"production"'),
      production,
    );
  });

  it("have the labels profile and origin in every alert", () => {
    const alerts = demo.match(/- alert: /g)?.length ?? 0;
    assert.ok(alerts > 0);
    assert.equal(demo.match(/^ +profile: demo$/gm)?.length, alerts);
    assert.equal(demo.match(/^ +origin: prometheus$/gm)?.length, alerts);
  });

  it("keep their comments", () => {
    for (const comment of read("rules/health.yml").match(/^ *#.*$/gm) ?? [])
      assert.ok(demo.includes(comment), comment);
  });
});
