import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "vitest";
import { readDashboard } from "./dashboard.ts";

const SHIPPED = globSync(`${import.meta.dirname}/../../../../../../grafana/dashboards/*.json`);

test("reads the lab's dashboards without loss", () => {
  assert.ok(SHIPPED.length >= 8);
  for (const file of SHIPPED) {
    const json = JSON.parse(readFileSync(file, "utf8"));
    const dashboard = readDashboard(json);
    const panels = dashboard.sections.flatMap((section) => section.panels);
    assert.equal(
      panels.length,
      json.panels.filter(({ type }: { type: string }) => type !== "row").length,
      file,
    );
    assert.deepEqual(dashboard.remarks, []);
    for (const panel of panels) {
      assert.ok(panel.title && panel.targets.length > 0, `${file}: ${panel.title}`);
      for (const { datasource, query, queryType } of panel.targets) {
        assert.ok(["prometheus", "loki", "tempo"].includes(datasource.type), file);
        assert.ok(query || queryType === "serviceMap", `${file}: ${panel.title}`);
      }
    }
  }
});

test("rejects JSON that is not a dashboard", () => {
  for (const json of [null, 1, "x", [], {}, { panels: "many" }])
    assert.throws(() => readDashboard(json), /no list of panels/);
});

test("accepts values of the wrong type", () => {
  const wrong = [null, 0, -1, Number.POSITIVE_INFINITY, "", "x", [], [null], {}, { a: 1 }, true];
  for (const value of wrong) {
    const panel = {
      type: value,
      title: value,
      gridPos: value,
      targets: value,
      fieldConfig: value,
      options: value,
      links: value,
    };
    const inner = {
      type: "timeseries",
      gridPos: { x: value, y: value, w: value, h: value },
      targets: [{ expr: value, datasource: value, refId: value, format: value }],
      fieldConfig: {
        defaults: {
          unit: value,
          min: value,
          thresholds: value,
          mappings: value,
          links: value,
          custom: value,
          color: value,
        },
        overrides: value,
      },
      transformations: [{ id: value, options: value }],
    };
    const { sections } = readDashboard({
      title: value,
      tags: value,
      time: value,
      templating: value,
      annotations: { list: [{ name: value, target: value }] },
      links: value,
      panels: [value, panel, inner],
    });
    for (const { grid } of sections.flatMap((section) => section.panels)) {
      assert.ok(grid.x >= 0 && grid.w >= 1 && grid.x + grid.w <= 24, JSON.stringify(grid));
      assert.ok(grid.h >= 2 && grid.h <= 60, JSON.stringify(grid));
    }
  }
});

test("truncates a huge dashboard with a message", () => {
  const { sections, remarks } = readDashboard({
    panels: Array.from({ length: 5000 }, () => ({ type: "text" })),
  });
  assert.equal(sections.flatMap(({ panels }) => panels).length, 250);
  assert.match(remarks.join(), /4750 more panels/);
  const queries = Array.from({ length: 27 }, () => ({ expr: "up" }));
  for (const panels of [
    [{ type: "stat", title: "Many", targets: queries }],
    [{ type: "row", panels: [{ type: "stat", title: "Many", targets: queries }] }],
  ])
    assert.deepEqual(readDashboard({ panels }).remarks, [
      '"Many" has more than 26 queries; the others are not run.',
    ]);
});

test("assigns the panels inside a collapsed row and those after an open row", () => {
  const { sections } = readDashboard({
    panels: [
      { type: "row", title: "open", gridPos: { y: 0 } },
      { type: "stat", title: "a", gridPos: { y: 1 } },
      {
        type: "row",
        title: "closed",
        collapsed: true,
        gridPos: { y: 9 },
        panels: [{ type: "stat", title: "b" }],
      },
      { type: "stat", title: "c", gridPos: { y: 20 } },
    ],
  });
  assert.deepEqual(
    sections.map(({ title, collapsed, panels }) => [title, collapsed, panels.map((panel) => panel.title)]),
    [
      ["open", false, ["a"]],
      ["closed", true, ["b"]],
      ["", false, ["c"]],
    ],
  );
});
