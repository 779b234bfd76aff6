import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";
import { PROFILES, readSlos, sloAlerts } from "@lgtm-lab/slo";
import { parse } from "yaml";
import { alertRuleFile } from "./alert-rules.ts";
import { DATA_SOURCES, PROVISIONING_VARIABLES, readDashboards, readDataSources } from "./index.ts";
import { expandEnvironment } from "./queries/data-sources.ts";

const FOLDER = join(REPOSITORY, "grafana");
const read = (path: string) => readFileSync(join(FOLDER, path), "utf8");
const VARIABLES = Object.fromEntries(PROVISIONING_VARIABLES.map((name) => [name, `http://${name}`]));

test("alerting/ contains only YAML: with other files Grafana does not start", () => {
  const files = globSync("provisioning/alerting/*", { cwd: FOLDER });
  assert.deepEqual(
    files.filter((file) => !file.endsWith(".yaml")),
    [],
  );
  assert.equal(files.length, 4);
});

test("the variables in the files are the documented ones", () => {
  const files = globSync("provisioning/**/*.yaml", { cwd: FOLDER });
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/(?<!\$)\$\{(\w+)\}/g)].map(([, name]) => name),
  );
  assert.deepEqual(new Set(named), new Set(PROVISIONING_VARIABLES));
  const settings = [...read("grafana.ini").matchAll(/\$__env\{(\w+)\}/g)].map(([, name]) => name);
  assert.deepEqual(new Set(settings), new Set(["LAB_GRAFANA"]));
});

test("$$ is a $ for Grafana, and an unset variable is empty", () => {
  assert.equal(expandEnvironment(`$\${__tags} \${A} $A \${B}|`, { A: "a" }), `\${__tags} a a |`);
  assert.deepEqual(expandEnvironment({ list: [`\${A}`, 1, null] }, { A: "a" }), { list: ["a", 1, null] });
});

test("the data sources have their uids and addresses, and every link refers to one of them", () => {
  const sources = readDataSources(VARIABLES);
  for (const [name, { type, uid }] of Object.entries(DATA_SOURCES)) {
    assert.equal(sources.get(uid)?.type, type);
    assert.equal(sources.get(uid)?.url, `http://${name.toUpperCase()}_URL`);
  }
  const targets = [
    ...JSON.stringify([...sources.values()]).matchAll(/"(?:datasourceUid|alertmanagerUid)":"(\w+)"/g),
  ];
  assert.ok(targets.length >= 6);
  for (const [, uid = ""] of targets) assert.ok(sources.has(uid), uid);
});

test("Prometheus and its data source have the scrape interval that the code expects", () => {
  const { global } = parse(readFileSync(join(REPOSITORY, "prometheus.yml"), "utf8"));
  const prometheus = readDataSources(VARIABLES).get(DATA_SOURCES.prometheus.uid);
  const expected = `${SCRAPE_INTERVAL_MS / 1000}s`;
  assert.deepEqual([global.scrape_interval, prometheus?.jsonData.timeInterval], [expected, expected]);
});

test("the links contain Grafana's variables, not empty text", () => {
  const sources = readDataSources(VARIABLES);
  const { tracesToLogsV2, tracesToMetrics } = sources.get("tempo")?.jsonData ?? {};
  assert.equal(tracesToLogsV2?.query, `{\${__tags}} | trace_id = "\${__span.traceId}"`);
  for (const { query } of tracesToMetrics?.queries ?? []) assert.match(query, /\{\$__tags[,}]/);
  const [field] = sources.get("loki")?.jsonData.derivedFields ?? [];
  assert.deepEqual(
    [field?.matcherType, field?.matcherRegex, field?.url],
    ["label", "trace_id", `\${__value.raw}`],
  );
  const exemplars = sources.get("prometheus")?.jsonData.exemplarTraceIdDestinations;
  assert.deepEqual(
    exemplars?.map(({ name }) => name),
    ["trace_id", "traceID"],
  );
});

interface Rule {
  uid: string;
  title: string;
  condition: string;
  data: {
    refId: string;
    datasourceUid: string;
    model: { expr?: string; expression?: string; conditions?: { evaluator: object }[] };
  }[];
  dashboardUid: string;
  panelId: number;
  noDataState: string;
  execErrState: string;
  for: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
interface Group {
  orgId: number;
  name: string;
  folder: string;
  interval: string;
  rules: Rule[];
}

const DURATION = /^(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/;
const seconds = (text: string) =>
  [...text.matchAll(/(\d+)([dhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * ({ d: 86_400, h: 3600, m: 60, s: 1 }[unit ?? "s"] ?? 0),
    0,
  );

for (const profile of Object.values(PROFILES))
  test(`the ${profile.name} rules are valid for Grafana, and equal to Prometheus's`, () => {
    const { apiVersion, groups } = parse(alertRuleFile(profile)) as { apiVersion: number; groups: Group[] };
    assert.equal(apiVersion, 1);
    const rules = groups.flatMap((group) => group.rules);
    const twins = readSlos().flatMap((slo) => sloAlerts(slo, profile));
    assert.deepEqual(
      rules.map(({ data }) => data[0]?.model.expr).sort(),
      twins.map(({ expr }) => expr).sort(),
    );
    for (const twin of twins) {
      // Objectives of one SLO with several targets have the same expression for missing data.
      const rule = rules.find(
        ({ data, labels }) => data[0]?.model.expr === twin.expr && labels?.slo === twin.labels.slo,
      );
      assert.equal(seconds(rule?.for ?? ""), twin.holdFor, twin.alert);
      assert.deepEqual(rule?.labels, { ...twin.labels, origin: "grafana" });
      // The query contains the threshold already.
      const { expression, conditions } = rule?.data[1]?.model ?? {};
      assert.deepEqual([expression, conditions?.[0]?.evaluator], ["A", { type: "gt", params: [0] }]);
    }
    for (const { interval, folder } of groups) {
      assert.match(interval, DURATION);
      assert.equal(seconds(interval) % 10, 0, `${interval}: Grafana ticks every 10 s`);
      assert.notEqual(folder, "lgtm-lab", "the dashboards' folder has this name");
    }
    assert.equal(new Set(rules.map(({ uid }) => uid)).size, rules.length);
    assert.equal(new Set(rules.map(({ title }) => title)).size, rules.length);
    for (const rule of rules) checkRule(rule);
  });

function checkRule({ uid, title, condition, data, labels, annotations, ...rule }: Rule): void {
  assert.match(uid, /^[\w-]{1,40}$/);
  assert.ok(title.length <= 190);
  assert.deepEqual(
    data.map(({ refId, datasourceUid }) => [refId, datasourceUid]),
    [
      ["A", "prometheus"],
      ["B", "__expr__"],
    ],
  );
  assert.equal(condition, "B");
  assert.deepEqual([rule.noDataState, rule.execErrState], ["OK", "Error"]);
  assert.match(rule.for, DURATION);
  const dashboard = readDashboards().find((one) => one.uid === rule.dashboardUid);
  const panel = dashboard?.panels.find(({ id }) => id === rule.panelId);
  assert.match(panel?.title ?? "", labels.window ? /^Burn rate/ : /^Error budget left$/);
  if (labels.window) assert.ok(JSON.stringify(panel).includes(labels.window));
  assert.equal(labels.origin, "grafana");
  assert.ok(!JSON.stringify(labels).includes("$"), "labels are expanded");
  for (const name of ["summary", "description", "runbook_url", "dashboard_url"])
    assert.ok(annotations[name], name);
  assert.ok(!JSON.stringify(annotations).includes(`\${`), "newer Grafanas expand braces in annotations");
}

test("Grafana's own alerts are shown but not sent; all others go to the console", () => {
  const [policy] = parse(read("provisioning/alerting/notification-policies.yaml")).policies;
  const [contact] = expandEnvironment(
    parse(read("provisioning/alerting/contact-points.yaml")),
    VARIABLES,
  ).contactPoints;
  const [timing] = parse(read("provisioning/alerting/mute-timings.yaml")).muteTimes;
  assert.equal(contact.name, "console");
  assert.equal(contact.receivers[0].settings.url, "http://WEBHOOK_URL");
  assert.equal(policy.receiver, contact.name);
  assert.deepEqual(policy.routes, [
    {
      receiver: contact.name,
      object_matchers: [["origin", "=", "grafana"]],
      mute_time_intervals: [timing.name],
    },
  ]);
  assert.deepEqual(timing.time_intervals, [{ times: [{ start_time: "00:00", end_time: "24:00" }] }]);
});
