import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/helpers.ts";
import { DEFAULT_PORTS } from "../ports.ts";
import { REPOSITORY } from "../repository.ts";
import { grafana } from "./grafana.ts";
import { prometheus } from "./prometheus.ts";

const state = temporaryFolder();
const rules = join(state, "prometheus/rules");
const prepare = (CONSOLE_PORT: number, sloProfile: "demo" | "production" = "demo", component = prometheus) =>
  component.prepare?.({
    ports: { ...DEFAULT_PORTS, CONSOLE_PORT },
    root: REPOSITORY,
    state,
    data: state,
    sloProfile,
    faultToken: "",
    program: "",
  });

test("Prometheus reads the original rules, or copies with adapted links while the console is at another port", () => {
  const original = join(REPOSITORY, "prometheus/rules/demo");
  prepare(8000);
  assert.equal(readlinkSync(rules), original);

  prepare(18_000);
  assert.ok(lstatSync(rules).isDirectory());
  assert.deepEqual(readdirSync(rules).sort(), readdirSync(original).sort());
  for (const file of readdirSync(rules)) {
    const [copied, from] = [rules, original].map((folder) => readFileSync(join(folder, file), "utf8")) as [
      string,
      string,
    ];
    assert.ok(from.includes("http://127.0.0.1:8000/docs/runbooks/"), `${file} has links to move`);
    assert.doesNotMatch(copied, /127\.0\.0\.1:8000/);
    assert.equal(copied.replaceAll("127.0.0.1:18000", "127.0.0.1:8000"), from, "and nothing else differs");
  }

  prepare(18_000, "production");
  assert.match(readFileSync(join(rules, "health.yml"), "utf8"), /profile: production/);
  prepare(8000);
  assert.equal(readlinkSync(rules), original);
  assert.ok(readdirSync(original).length > 5, "the originals are still there");
});

test("Grafana's rules and dashboards also link to the console at its current port", () => {
  const folder = join(state, "grafana");
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), "utf8")] : [],
    );
  prepare(18_000, "demo", grafana);
  assert.doesNotMatch(files().join(), /127\.0\.0\.1:8000/);
  const rules = readFileSync(join(folder, "provisioning/alerting/slo-rules.yaml"), "utf8");
  assert.match(rules, /runbook_url: http:\/\/127\.0\.0\.1:18000\/docs\/runbooks\//);
  const overview = readFileSync(join(folder, "dashboards/overview.json"), "utf8");
  assert.match(overview, /"http:\/\/127\.0\.0\.1:18000\/docs\/runbooks\//);
  prepare(8000, "demo", grafana);
  for (const name of readdirSync(folder))
    assert.equal(readlinkSync(join(folder, name)), join(REPOSITORY, "grafana", name));
});
