import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { parse, stringify } from "yaml";
import { readSloFolder, readSlos, SloDocumentError } from "./read.ts";

const file = "gateway-hello-latency.yaml";
const valid = readFileSync(join(REPOSITORY, "slo", file), "utf8");

const folder = (test: TestContext, files: Record<string, string | Uint8Array>) => {
  const path = mkdtempSync(join(tmpdir(), "slo-"));
  test.after(() => rmSync(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
};

const changed = (from: string | RegExp, to: string) => {
  const text = valid.replace(from, to);
  assert.notEqual(text, valid, `${from} is not in ${file}`);
  return text;
};

/** Returns the mistakes in a folder, without the path of the folder. Fails if there are no mistakes. */
function mistakesIn(path: string): string[] {
  try {
    readSlos(path);
  } catch (error) {
    assert.ok(
      error instanceof SloDocumentError,
      `unexpected error: ${error instanceof Error ? error.stack : error}`,
    );
    return error.message.split("\n").map((line) => line.replaceAll(/(\S*\/)?slo-[A-Za-z0-9]{6}\/?/g, ""));
  }
  return assert.fail("accepted");
}

/** Returns a small document of another project; each test changes a part. */
const small = (
  overrides: { query?: string; total?: string; name?: string; spec?: object; ratio?: unknown } = {},
) => ({
  apiVersion: "openslo/v1",
  kind: "SLO",
  metadata: { name: overrides.name ?? "shop" },
  spec: {
    service: "shop",
    indicator: {
      metadata: { name: "shop-ratio" },
      spec: {
        ratioMetric: overrides.ratio ?? {
          counter: true,
          good: source(overrides.query ?? 'orders_total{state="done"}'),
          total: source(overrides.total ?? "orders_total"),
        },
      },
    },
    timeWindow: [{ duration: "30d", isRolling: true }],
    budgetingMethod: "Occurrences",
    objectives: [{ target: 0.99 }],
    ...overrides.spec,
  },
});

const source = (query: string) => ({ metricSource: { type: "Prometheus", spec: { query } } });

describe("the lab's own document", () => {
  it("is accepted", (test) => {
    const [slo] = readSlos(folder(test, { [file]: valid }));
    assert.ok(slo);
    assert.equal(slo.target, 0.99);
    assert.equal(slo.budget, 0.01);
    assert.equal(slo.counted.what, "good");
    assert.equal(slo.dependsOn, "service-a");
  });

  it("need not name a service that it depends on", (test) => {
    const [slo] = readSlos(folder(test, { [file]: changed(/ +lgtm-lab\/depends-on-service: .*\n/, "") }));
    assert.ok(slo && !("dependsOn" in slo));
  });

  for (const [what, from, to, message] of [
    ["target of 1", "target: 0.99", "target: 1", /spec\.objectives\[0\]\.target: must be less than 1/],
    ["a target in per cent", "target: 0.99", "target: 99", /\.target: must be less than 1 .*: use 0\.99, or/],
    ["a target too low to ever page", "target: 0.99", "target: 0.9", /target: must be greater than 0\.9306/],
    [
      "a target too high to be counted",
      "target: 0.99",
      "target: 0.9999999999",
      /target: must be at most 0\.999999999/,
    ],
    ["a negative target", "target: 0.99", "target: -1", /target: must be between 0 and 1/],
    ["a target as text", "target: 0.99", 'target: "0.99"', /target: must be a number/],
    ["a target that is no number", "target: 0.99", "target: .nan", /target: must be a number/],
    ["no target", "target: 0.99", "op: lt", /objectives\[0\]\.target: is missing: add/],
    [
      "two targets",
      "target: 0.99",
      "target: 0.99\n      targetPercent: 99",
      /targetPercent: cannot be combined/,
    ],
    ["100 %", "target: 0.99", "targetPercent: 100", /targetPercent: must be less than 100/],
    ["another period", "duration: 30d", "duration: 7d", /spec\.timeWindow\[0\]\.duration: must be 30d/],
    ["four weeks", "duration: 30d", "duration: 4w", /duration: must be 30d \(got "4w"\)/],
    ["a month", "duration: 30d", "duration: 1M", /duration: must be 30d \(got "1M"\)/],
    ["no duration", /duration: 30d\n +/, "", /duration: is missing: add 30d/],
    [
      "a calendar",
      "isRolling: true",
      "calendar: {timeZone: UTC}",
      /timeWindow\[0\]\.calendar: calendar windows/,
    ],
    ["a window that does not roll", "isRolling: true", "isRolling: false", /isRolling: calendar windows/],
    [
      "an unknown field",
      "  service: gateway",
      "  service: gateway\n  servce: x",
      /spec: unknown field "servce"/,
    ],
    ["no total", /total:/, "totl:", /ratioMetric: unknown field "totl"/],
    ["neither good nor bad", "good:", "god:", /ratioMetric: unknown field "god"/],
    ["a field too far left", /\n {4}spec:\n/, "\n  spec:\n", /spec(\.indicator)?: /],
    ["two queries in one", /query: (.*_bucket)(.*)/, "query: $1$2 + $1$2", /query: must be the selector/],
    ["another kind of document", "kind: SLO", "kind: Pod", /kind: must be a kind of OpenSLO/],
    ["a kind in lower case", "kind: SLO", "kind: slo", /kind: must be a kind of OpenSLO/],
    ["another version", "openslo/v1", "openslo/v2alpha", /apiVersion: must be openslo\/v1/],
    ["no version", "apiVersion: openslo/v1\n", "", /apiVersion: is missing/],
    ["a method", "Occurrences", "Timeslices", /budgetingMethod: must be Occurrences \(got "Timeslices"\)/],
    [
      "a kind in two words",
      "kind: latency",
      "kind: very slow",
      /lgtm-lab\/kind: must be one lower-case word/,
    ],
    [
      "a name with a path",
      "name: gateway-hello-latency",
      "name: ../../evil",
      /metadata\.name: must consist of lower-case/,
    ],
    [
      "a name with capitals",
      "name: gateway-hello-latency",
      "name: Gateway_SLO",
      /metadata\.name: must consist of lower-case/,
    ],
    [
      "a name that is a number",
      "name: gateway-hello-latency",
      "name: 42",
      /metadata\.name: must be text .* quotes/,
    ],
    [
      "a long name",
      "name: gateway-hello-latency",
      `name: ${"x".repeat(64)}`,
      /metadata\.name: must consist of lower-case/,
    ],
    [
      "the health rules' name",
      "name: gateway-hello-latency",
      "name: health",
      /metadata\.name: must not be health/,
    ],
    ["no name", "  name: gateway-hello-latency\n", "", /metadata\.name: is missing: it must be text/],
    ["no service", "  service: gateway\n", "", /spec\.service: is missing/],
    ["a service with quotes", "service: gateway", `service: 'a"b'`, /spec\.service: must be a service_name/],
    [
      "another source",
      "type: Prometheus",
      "type: Datadog",
      /metricSource\.type: must be Prometheus \(got "Datadog"\)/,
    ],
    ["a source of no type", /type: Prometheus\n +/, "", /metricSource\.type: is missing: add Prometheus/],
    [
      "a source that is not there",
      "type: Prometheus",
      "metricSourceRef: x",
      /metricSourceRef: refers to a DataSource that is not in slo/,
    ],
    ["a gauge", "counter: true", "counter: false", /ratioMetric\.counter: must be true/],
    ["no query", "query:", "promql:", /metricSource\.spec\.query: is missing/],
    ["broken YAML", "spec:", "spec: [", /is not valid YAML: .* at line/],
    ["a field twice", "kind: SLO", "kind: SLO\nkind: SLO", /is not valid YAML: Map keys must be unique/],
    ["an unknown tag", "kind: SLO", "kind: !include x", /is not valid YAML: Unresolved tag/],
    ["an alias without an anchor", "kind: SLO", "kind: *none", /is not valid YAML: /],
  ] as const)
    it(`is rejected with one sentence: ${what}`, (test) => {
      const lines = mistakesIn(folder(test, { [file]: changed(from, to) }));
      assert.match(lines[0] ?? "", message);
      for (const line of lines) assert.match(line, /^gateway-hello-latency\.yaml: [^\n]+: [^\n]+$/);
    });

  it("may have braces in the value of a label", (test) => {
    const [slo] = readSlos(
      folder(test, { [file]: valid.replaceAll('http_route="/a/hello"', 'http_route="/a/{name}"') }),
    );
    assert.match(slo?.total ?? "", /http_route="\/a\/\{name\}"/);
  });
});

describe("documents of other projects", () => {
  const read = (test: TestContext, content: string | Uint8Array) =>
    readSloFolder(folder(test, { "x.yaml": content }));
  const text = stringify(small());

  for (const [what, content] of [
    ["a byte order mark", `\uFEFF${text}`],
    ["CRLF", text.replaceAll("\n", "\r\n")],
    ["comments and an end mark", `# why\n---\n${text}...\n`],
    ["a directive", `%YAML 1.2\n---\n${text}`],
    ["JSON in it", JSON.stringify(small(), null, "\t")],
    ["a list of objects", stringify([small()])],
    ["empty documents before and after it", `---\n---\n${text}---\n`],
    ["single quotes", text.replace("'orders_total{state=\"done\"}'", `'orders_total{state=''done''}'`)],
    [
      "anchors",
      text.replace("type: Prometheus", "type: &p Prometheus").replace(/type: Prometheus/, "type: *p"),
    ],
    ["no method and no counter", text.replace(/ +budgetingMethod.*\n/, "").replace(/ +counter.*\n/, "")],
    ["hours", text.replace("30d", "720h")],
    ["targetPercent", text.replace("target: 0.99", "targetPercent: 99")],
    ["another spelling of the source", text.replaceAll("Prometheus", "prometheus")],
    [
      "fields without a value",
      text.replace("name: shop\n", "name: shop\n  displayName:\n  annotations:\n  labels: ~\n"),
    ],
    ["circular aliases", text.replace("name: shop\n", "name: shop\n  labels: &l {x: *l}\n")],
    [
      "labels and annotations",
      text.replace("name: shop\n", "name: shop\n  labels: {team: [a, b]}\n  annotations: {x/y: z}\n"),
    ],
  ] as const)
    it(`may have ${what}`, (test) => {
      const { slos } = read(test, content);
      assert.deepEqual(
        slos.map(({ name, target, budget, total, counted, kind, displayName }) => ({
          name,
          target,
          budget,
          total,
          counted,
          kind,
          displayName,
        })),
        [
          {
            name: "shop",
            target: 0.99,
            budget: 0.01,
            total: "orders_total",
            counted: { what: "good", selector: 'orders_total{state="done"}' },
            kind: "availability",
            displayName: "shop",
          },
        ],
      );
    });

  it("may merge maps", (test) => {
    const { slos } = read(
      test,
      text
        .replace(
          "counter: true\n",
          "counter: true\n        bad: &ratio\n          metricSource: {type: Prometheus, spec: {query: lost_total}}\n",
        )
        .replace(/ +good:\n( {10}.*\n)+/, "")
        .replace(
          /total:\n( {10}.*\n)+/,
          "total:\n          <<: *ratio\n          metricSource: {type: Prometheus, spec: {query: orders_total}}\n",
        ),
    );
    assert.deepEqual([slos[0]?.total, slos[0]?.counted.selector], ["orders_total", "lost_total"]);
  });

  it("may count bad events", (test) => {
    const ratio = { bad: source('orders_total{state="lost"}'), total: source("orders_total") };
    const { slos } = read(test, stringify(small({ ratio })));
    assert.deepEqual(slos[0]?.counted, { what: "bad", selector: 'orders_total{state="lost"}' });
  });

  it("are of kind latency if they count a histogram bucket", (test) => {
    const { slos } = read(test, stringify(small({ query: 'x_bucket{le="0.5"}', total: "x_count" })));
    assert.equal(slos[0]?.kind, "latency");
  });

  for (const [what, ratio, message] of [
    [
      "good and bad",
      { good: source("a"), bad: source("b"), total: source("c") },
      /ratioMetric: must have either good or bad, not both/,
    ],
    ["good and bad but no total", { good: source("a"), bad: source("b") }, /ratioMetric\.total: is missing/],
    ["only total", { total: source("c") }, /ratioMetric: must have either good or bad/],
    ["only good", { good: source("a") }, /ratioMetric\.total: is missing/],
    ["raw", { rawType: "success", raw: source("a") }, /ratioMetric\.raw: is not supported/],
    [
      "the same twice",
      { good: source("a"), total: source("rate(a[5m])") },
      /selects the same events as total/,
    ],
    ["nothing", {}, /ratioMetric\.total: is missing/],
    ["a list", [], /ratioMetric: must be a map with fields/],
    ["text", "a", /ratioMetric: must be a map with fields/],
  ] as const)
    it(`are rejected with a ratio of ${what}`, (test) => {
      const lines = mistakesIn(folder(test, { "x.yaml": stringify(small({ ratio })) }));
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0] ?? "", message);
    });

  it("are rejected with a threshold", (test) => {
    const spec = { indicator: { metadata: { name: "x" }, spec: { thresholdMetric: source("a") } } };
    assert.match(
      mistakesIn(folder(test, { "x.yaml": stringify(small({ spec })) })).join("\n"),
      /^x\.yaml: spec\.indicator\.spec\.thresholdMetric: is not supported: [^\n]*$/,
    );
  });

  it("cause one message for each query of an unsupported source, and none about its language", (test) => {
    const datadog = { metricSource: { type: "Datadog", spec: { query: "sum:hits{*}.as_count()" } } };
    const lines = mistakesIn(
      folder(test, { "x.yaml": stringify(small({ ratio: { good: datadog, total: datadog } })) }),
    );
    assert.equal(lines.length, 2, lines.join("\n"));
    for (const line of lines) assert.match(line, /metricSource\.type: must be Prometheus/);
  });

  it("define one objective for each target", (test) => {
    const objectives = [{ target: 0.999 }, { targetPercent: 99, displayName: "most" }];
    const { slos } = read(test, stringify(small({ spec: { objectives } })));
    assert.deepEqual(
      slos.map(({ name, displayName, objective, target }) => [name, displayName, objective, target]),
      [
        ["shop-99", "shop (99 %)", "most", 0.99],
        ["shop-99-9", "shop (99.9 %)", "99.9 % of the events are good.", 0.999],
      ],
    );
    const same = small({ spec: { objectives: [{ target: 0.99 }, { target: 0.99 }] } });
    assert.match(
      mistakesIn(folder(test, { "x.yaml": stringify(same) })).join(),
      /spec\.objectives: must have different/,
    );
  });

  it("may refer to an SLI and a data source in another file", (test) => {
    const metric = { metricSource: { metricSourceRef: "prom", spec: { query: "a" } } };
    const sli = {
      ratioMetric: { bad: { metricSource: { ...metric.metricSource, spec: { query: "b" } } }, total: metric },
    };
    const object = (kind: string, name: string, spec: unknown) =>
      stringify({ apiVersion: "openslo/v1", kind, metadata: { name }, spec });
    const files = (type: string) => ({
      "a.yaml": stringify(small({ spec: { indicator: undefined, indicatorRef: "ratio" } })),
      "b.yml": `${object("SLI", "ratio", sli)}---\n${object("DataSource", "prom", { type })}`,
    });
    assert.deepEqual(readSloFolder(folder(test, files("Prometheus"))).slos[0]?.counted, {
      what: "bad",
      selector: "b",
    });
    assert.deepEqual(mistakesIn(folder(test, files("Datadog"))), [
      'b.yml: document 2: spec.type: must be Prometheus (got "Datadog"): b.yml: document 1 reads from this source',
    ]);
    assert.match(
      mistakesIn(folder(test, { "a.yaml": files("x")["a.yaml"] })).join(),
      /indicatorRef: refers to an SLI that is not in slo/,
    );
  });

  it("cause a note for each part that has no effect", (test) => {
    const others = [
      "Service",
      "SLI",
      "DataSource",
      "AlertPolicy",
      "AlertCondition",
      "AlertNotificationTarget",
    ].map((kind) =>
      stringify({ apiVersion: "openslo/v1", kind, metadata: { name: "other" }, spec: { x: 1 } }),
    );
    const slo = small({
      spec: {
        timeWindow: undefined,
        alertPolicies: [{ alertPolicyRef: "p" }],
        objectives: [{ target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: "1m", op: "lt", value: 1 }],
      },
    });
    const path = folder(test, {
      "x.yaml": [stringify(slo), ...others].join("---\n"),
      "y.json": "{}",
      "README.md": "",
    });
    const { slos, notes } = readSloFolder(path);
    assert.equal(slos.length, 1);
    for (const note of [
      /document 1: spec\.timeWindow: is missing: a rolling window of 30 days is used/,
      /document 1: spec\.alertPolicies: has no effect/,
      /objectives\[0\]\.timeSliceTarget: has no effect/,
      /objectives\[0\]\.value: has no effect/,
      /document 2: kind Service \(other\): has no effect: rules are generated from SLOs only/,
      /document 3: kind SLI \(other\): has no effect: no SLO refers to it/,
      /y\.json: is ignored/,
    ])
      assert.equal(notes.filter((line) => note.test(line)).length, 1, `${note}:\n${notes.join("\n")}`);
    assert.equal(notes.length, 1 + 1 + 4 + 6 + 1, notes.join("\n"));
  });

  it("may have texts of several lines, which are joined", (test) => {
    const slo = { ...small(), metadata: { name: "shop", displayName: "a\n- b:\u0085\tc " } };
    assert.equal(readSlos(folder(test, { "x.yaml": stringify(slo) }))[0]?.displayName, "a - b: c");
  });

  it("may be OpenSLO v1alpha", (test) => {
    const query = (text: string) => ({ source: "prometheus", queryType: "promql", query: text });
    const alpha = (overrides: object = {}, window: object = { count: 30, unit: "Day" }) =>
      stringify({
        apiVersion: "openslo/v1alpha",
        kind: "SLO",
        metadata: { name: "shop", displayName: "Shop" },
        spec: {
          service: "shop",
          objectives: [
            {
              target: 0.999,
              ratioMetrics: {
                good: query('sum(rate(orders_total{state!~"(lost|late)"}[{{.window}}]))'),
                total: query("sum(rate(orders_total[{{.window}}]))"),
                ...overrides,
              },
            },
          ],
          timeWindows: [window],
        },
      });
    const [slo] = readSlos(folder(test, { "x.yaml": alpha() }));
    assert.equal(slo?.total, "orders_total");
    assert.deepEqual(slo?.counted, { what: "good", selector: 'orders_total{state!~"(lost|late)"}' });
    for (const [content, message] of [
      [alpha({ total: query("a +") }), /objectives\[0\]\.ratioMetrics\.total\.query: is not valid PromQL/],
      [
        alpha({ good: { ...query("a"), source: "datadog" } }),
        /ratioMetrics\.good\.source: must be prometheus/,
      ],
      [alpha({ good: { ...query("a"), queryType: "sql" } }), /ratioMetrics\.good\.queryType: must be promql/],
      [alpha({ total: undefined }), /ratioMetrics\.total: is missing/],
      [
        alpha().replace(/ratioMetrics:\n( {8,}.*\n)+/, "value: 1\n"),
        /^x\.yaml: spec\.objectives\[0\]\.ratioMetrics: is missing: add good and total$/,
      ],
      [alpha({}, { count: 28, unit: "Day" }), /spec\.timeWindows\[0\]: must be count: 30 and unit: Day/],
      [alpha({}, { count: 1, unit: "Month", calendar: {} }), /timeWindows\[0\]\.calendar: calendar windows/],
    ] as const)
      assert.match(mistakesIn(folder(test, { "x.yaml": content })).join("\n"), message);
  });

  it("cause only one-line messages, regardless of a field's value", (test) => {
    const path = folder(test, {});
    let tried = 0;
    const junk = [
      undefined,
      null,
      "",
      " ",
      "x",
      "../x",
      "{{",
      0,
      -1,
      Number.POSITIVE_INFINITY,
      true,
      [],
      [[]],
      [null],
      {},
      { x: 1 },
    ];
    const tryAll = (node: object, key: string | number, document: object) => {
      const parent = node as Record<string | number, unknown>;
      const before = parent[key];
      for (const value of junk) {
        parent[key] = value;
        writeFileSync(join(path, "x.yaml"), stringify(document));
        tried++;
        try {
          readSlos(path);
        } catch (error) {
          assert.ok(
            error instanceof SloDocumentError,
            `${String(key)}: ${error instanceof Error ? error.stack : error}`,
          );
          for (const line of error.message.split("\n")) assert.match(line, /^\S+: .+: .+|: is empty: .+$/);
        }
      }
      parent[key] = before;
      if (typeof before === "object" && before !== null)
        for (const inner of Object.keys(before)) tryAll(before, inner, document);
    };
    for (const document of [parse(valid) as object, small()])
      for (const key of Object.keys(document)) tryAll(document, key, document);
    assert.ok(tried > 500);
  });
});

describe("readSlos", () => {
  it("names the file and field of each mistake", (test) => {
    const path = folder(test, {
      "a.yaml": changed("target: 0.99", "target: 2"),
      "b.yaml": changed("30d", "1d").replace("name: gateway-hello-latency", "name: b"),
      "c.yaml": changed("Occurrences", "Timeslices"),
    });
    const lines = mistakesIn(path);
    assert.match(lines.join("\n"), /a\.yaml: spec\.objectives\[0\]\.target: /);
    assert.match(lines.join("\n"), /b\.yaml: spec\.timeWindow\[0\]\.duration: /);
    assert.match(lines.join("\n"), /c\.yaml: spec\.budgetingMethod: /);
    assert.equal(lines.length, 3);
  });

  it("rejects two objectives of the same name", (test) => {
    const lines = mistakesIn(folder(test, { "a.yaml": stringify(small()), "b.yaml": stringify(small()) }));
    assert.match(
      lines.join("\n"),
      /^b\.yaml: metadata\.name: shop is also the name of the SLO in .*a\.yaml: rename one$/,
    );
  });

  for (const [what, content, message] of [
    ["an empty file", "", /^x\.yaml: is empty/],
    ["blanks", " \n\n", /^x\.yaml: is empty/],
    ["comments only", "# later\n---\n# more\n", /^x\.yaml: is empty/],
    ["null", "null\n", /^x\.yaml: is empty/],
    ["prose", "An objective: is: what\n\twe promise", /^x\.yaml: is not valid YAML/],
    ["a word", "objective", /^x\.yaml: the document: must be a map/],
    ["a list of words", "- a\n- b\n", /^x\.yaml: document 1 \[0\]: the document: must be a map/],
    ["an archive", new Uint8Array([0x1f, 0x8b, 8, 0, 0xff, 0xfe]), /^x\.yaml: is not UTF-8: save/],
    ["UTF-16", Buffer.from("\uFEFFapiVersion: openslo/v1", "utf16le"), /^x\.yaml: is not UTF-8: save/],
    ["NUL characters", "\0\0\0", /^x\.yaml: /],
    ["rules of Prometheus", "groups: []\n", /^x\.yaml: apiVersion: is missing/],
    ["a Kubernetes object", "apiVersion: v1\nkind: Pod\n", /^x\.yaml: apiVersion: must be openslo\/v1/],
    ["a file over the limit", "#".repeat(1024 * 1024 + 1), /^x\.yaml: is 1048577 bytes long/],
    ["unclosed deep nesting", "[".repeat(50_000), /^x\.yaml: is not valid YAML/],
    ["deep nesting", `${"[".repeat(50_000)}${"]".repeat(50_000)}`, /^x\.yaml: is not valid YAML/],
    [
      "exponentially many aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`)}]`).join("\n")}`,
      /^x\.yaml: is not valid YAML/,
    ],
  ] as const)
    it(`rejects ${what} with one sentence`, (test) => {
      const lines = mistakesIn(folder(test, { "x.yaml": content }));
      assert.match(lines.join("\n"), message);
    });

  it("rejects a folder or an unreadable file with one sentence", (test) => {
    const path = folder(test, { "ok.yaml": stringify(small()), "locked.yaml": "" });
    mkdirSync(join(path, "folder.yaml"));
    symlinkSync("nowhere", join(path, "link.yaml"));
    chmodSync(join(path, "locked.yaml"), 0);
    const lines = mistakesIn(path).join("\n");
    assert.match(lines, /^folder\.yaml: is not a file/m);
    assert.match(lines, /^link\.yaml: cannot be read \(ENOENT\)/m);
    if (process.getuid?.() !== 0) assert.match(lines, /^locked\.yaml: cannot be read \(EACCES\)/m);
    assert.match(mistakesIn(join(path, "none")).join(), /cannot be listed \(ENOENT\)/);
  });

  it("rejects a folder without an SLO", (test) => {
    assert.match(mistakesIn(folder(test, {})).join(), /contains no SLO/);
    const service = stringify({ apiVersion: "openslo/v1", kind: "Service", metadata: { name: "x" } });
    assert.match(mistakesIn(folder(test, { "x.yaml": service })).join(), /contains no SLO/);
  });
});
