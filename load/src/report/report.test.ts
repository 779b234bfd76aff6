import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { marked, type Tokens } from "marked";
import { fullResult, resultOf, step } from "../../test/results.ts";
import { htmlReport, markdownReport } from "../report.ts";
import type { LoadStep } from "../result.ts";
import { findingsOf, notesOf } from "./findings.ts";
import { plotsOf } from "./plots.ts";

const REPORTS = { HTML: htmlReport, Markdown: markdownReport };
const rest = (overrides: Partial<LoadStep> = {}) => step({ protocol: "rest", ...overrides });
const { latencyMs: _, ...withoutLatency } = step();
const count = (text: string, part: string | RegExp): number => text.split(part).length - 1;
/** Markdown as its reader sees it. */
const plain = (markdown: string): string => markdown.replaceAll(/\\(?=[^\w\s])/g, "");

describe("findings", () => {
  const both = (grpc: Partial<LoadStep>, other: Partial<LoadStep>) =>
    findingsOf(resultOf([step(grpc), rest(other)])).join("\n");

  it("say which protocol is faster, and by what ratio", () => {
    assert.match(
      both({ succeeded: 36_000 }, { succeeded: 24_000, users: 200 }),
      /^gRPC answers at most 1,200 requests\/s with status 200 \(400 users\), REST 800 \(200 users\): gRPC is 1\.5 times as fast\./,
    );
    assert.match(both({ succeeded: 24_000 }, { succeeded: 36_000 }), /: REST is 1\.5 times as fast\./);
    assert.match(both({ succeeded: 36_000 }, { succeeded: 35_000 }), /: the difference is below 5 %\./);
  });

  it("compare successful requests, not all of them", () => {
    assert.match(both({ succeeded: 6000, shed: 30_000 }, { succeeded: 12_000 }), /REST is 2 times as fast/);
    assert.match(both({ succeeded: 0 }, {}), /^REST answers .*\. No request over gRPC succeeded\./);
    assert.match(both({ succeeded: 0 }, { succeeded: 0 }), /^No request succeeded\./);
  });

  it("compare the latency at the lowest number of users that both have", () => {
    const latencyMs = { mean: 29, p50: 28, p95: 61, p99: 70, max: 90 };
    const steps = [
      step({ users: 10 }),
      step({ users: 25, latencyMs }),
      rest({ users: 25, latencyMs: { ...latencyMs, mean: 35.04 } }),
      rest(),
    ];
    assert.match(
      findingsOf(resultOf(steps)).join("\n"),
      /With 25 users a successful request takes 29 ms over gRPC and 35 ms over REST on average; 95 % take at most 61 ms over gRPC/,
    );
  });

  it("say from which number of users on requests are shed", () => {
    const steps = [step(), step({ users: 1600, shed: 9000 }), step({ users: 3200, shed: 18_000 }), rest()];
    const text = findingsOf(resultOf(steps)).join("\n");
    assert.match(text, /Requests are shed \(503\) over gRPC from 1,600 users on \(at most 50 %\)\./);
    assert.match(both({}, {}), /No request was shed \(503\)\./);
  });

  it("weight the CPU time by requests, without the steps in which requests are shed or fail", () => {
    const steps = [
      step({ cpuUs: { gateway: 1000 }, requests: 3 }),
      step({ users: 25, cpuUs: { gateway: 2000 }, requests: 1 }),
      step({ users: 3200, cpuUs: { gateway: 9000 }, shed: 1 }),
    ];
    const text = findingsOf(resultOf(steps)).join("\n");
    assert.match(text, /(mean of the steps in which every request succeeds)/);
    const overloaded = [step({ shed: 1 }), rest({ failed: 1 })];
    assert.match(findingsOf(resultOf(overloaded)).join("\n"), /940 µs over REST .* \(mean of all steps\)/);
    assert.match(text, /A request costs 1\.25 ms of CPU time over gRPC in/);
  });

  it("name failures, losses and the time until recovery", () => {
    const steps = [step({ failed: 12 }), rest({ dropped: { spans: 1200, lines: 34 } })];
    const text = findingsOf(resultOf(steps, { recoveredAfterS: 2.4 })).join("\n");
    assert.match(text, /Failed requests \(.*\): 12 \(gRPC, 400 users\)\./);
    assert.match(text, /dropped 1,200 spans and 34 log lines/);
    assert.match(text, /returned to normal 2\.4 s after the last step\./);
    assert.match(both({}, {}), /No request failed/);
    assert.match(both({}, {}), /no span and no log line/);
  });

  it("compare with the original lab at the same number of users", () => {
    assert.match(
      both({}, {}),
      /original lab answered 359 requests\/s over gRPC with 400 users \(mean 1\.07 s\), this run 1,200/,
    );
    assert.doesNotMatch(both({ users: 7 }, {}), /original lab/);
  });

  it("mark what is incomplete", () => {
    const steps = [step({ complete: false, seconds: 12 }), rest({ failedThresholds: ["requests_failed"] })];
    assert.deepEqual(notesOf(resultOf(steps, { stoppedEarly: true })), [
      "The load test was stopped early: later steps are missing.",
      "† Stopped early: gRPC, 400 users (after 12 s). The numbers cover the measured seconds.",
      "Failed thresholds: REST, 400 users: requests_failed.",
    ]);
    assert.deepEqual(notesOf(fullResult()), []);
  });
});

for (const [format, report] of Object.entries(REPORTS))
  describe(`the ${format} report`, () => {
    it("has the numbers of every step, the machine and the original lab", () => {
      const text = plain(report(fullResult()));
      for (const part of ["3,200", "2.14 s", "0.44–57", "28 s", "Example CPU", "24 GiB", "1024, 2048, 1024"])
        assert.ok(text.includes(part), part);
      for (const sentence of findingsOf(fullResult())) assert.ok(text.includes(sentence), sentence);
      assert.doesNotMatch(text, /NaN|undefined|Infinity|\[object/);
    });

    it("says whether the services were on separate hosts", () => {
      const onOne = plain(report(fullResult()));
      assert.ok(onOne.includes("connected over loopback") && onOne.includes("on the same machine"));
      const hosts = "client 10.199.0.2 (0.4 CPUs); each with 100 Mbit/s";
      const separate = plain(report(resultOf([step()], { hosts })));
      assert.ok(separate.includes(`separate hosts of this machine: ${hosts}`), separate);
      assert.doesNotMatch(separate, /loopback|k6 1\.8\.1, on the same machine/);
    });

    it("says that nothing was measured", () => {
      const text = report(resultOf([], { stoppedEarly: true }));
      assert.match(text, /No step was measured\./);
      assert.match(text, /stopped early/);
      assert.match(text, /Example CPU/);
      assert.doesNotMatch(text, /NaN|undefined|Infinity|\[object/);
    });

    it("has one protocol if only one was measured", () => {
      const text = plain(report(resultOf([rest()])));
      assert.match(text, /gRPC was not measured\./);
      assert.match(text, /REST: the gateway calls/);
      assert.doesNotMatch(text, /gRPC: the gateway calls/);
    });

    it("shows a missing value as a dash", () => {
      const steps = [
        { ...withoutLatency, succeeded: 0, seconds: 0 },
        rest({
          latencyMs: { mean: Number.NaN, p50: 0, p95: 1, p99: 1, max: 1 },
          cpuUs: { gateway: Number.NaN },
        }),
      ];
      const text = report(resultOf(steps));
      assert.ok(text.includes("–"));
      assert.doesNotMatch(text, /NaN|undefined|Infinity|\[object/);
    });

    it("escapes every text", () => {
      const machine = {
        ...fullResult().machine,
        cpuModel: `<img src=x onerror="alert(1)"> | & 'x'\n# y`,
        os: "*a* `b` [c](d)",
      };
      const steps = [step({ failedThresholds: ["<b>"], cpuUs: { "<i>": 1 } })];
      const text = report(resultOf(steps, { machine, startedAt: "<u>" }));
      for (const tag of [/(?<!\\)<img/, /(?<!\\)<b>/, /(?<!\\)<i>/, /(?<!\\)<u>/])
        assert.doesNotMatch(text, tag);
    });
  });

describe("the HTML report", () => {
  const html = htmlReport(fullResult());

  it("is one page without scripts, links and external resources", () => {
    assert.match(html, /^<!doctype html>\n<html lang="en">/);
    assert.doesNotMatch(html, /<script|<a |<iframe|<img|url\(|@import|\son\w+=/);
    assert.deepEqual(
      [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address),
      ["data:,"],
    );
  });

  it("draws each value once", () => {
    // Throughput, mean and p95 of 8 steps for each protocol; original: throughput of gRPC, mean of both.
    assert.equal(count(html, /<circle class="mark grpc"/), 3 * 8);
    assert.equal(count(html, /<rect class="mark rest"/), 3 * 8);
    assert.equal(count(html, /<circle class="mark grpc hollow"/), 2 * 8);
    assert.equal(count(html, /<rect class="mark rest hollow"/), 8);
    assert.equal(count(html, /<rect class="band rest"/), 1);
    // Three processes, in 8 bars for each protocol; and a legend of four.
    assert.equal(count(html, /<rect class="bar /), 3 * 8 * 2 + 4);
    assert.equal(count(html, /<path class="line /), 2 + 1 + 2 + 2 + 2);
  });

  it("draws no mark for a missing value, and marks an incomplete step", () => {
    const steps = [
      step({ users: 25 }),
      { ...withoutLatency, users: 50, complete: false },
      step({ users: 100 }),
    ];
    const text = htmlReport(resultOf(steps));
    assert.equal(count(text, /<circle class="mark grpc"/), 3 + 2 + 2);
    assert.equal(count(text, /†<\/text>/), 1);
    assert.match(text, /<th scope="row">50 †<\/th>/);
    // The line has a gap, so its path has two parts that begin with M.
    assert.match(text, /<path class="line grpc" d="M[\d.,]+M[\d.,]+"\/>/);
    // The original lab's numbers only in the range of users of this run.
    assert.equal(count(text, /<circle class="mark grpc hollow"/), 2 * 3);
  });

  it("keeps every mark and label inside its chart", () => {
    for (const result of [fullResult(), resultOf([step({ users: 1 })]), resultOf([rest({ succeeded: 0 })])]) {
      const text = htmlReport(result);
      const numbers = (name: string) =>
        [...text.matchAll(new RegExp(`\\s${name}="(-?[\\d.]+)"`, "g"))].map(([, value]) => Number(value));
      for (const value of [...numbers("cx"), ...numbers("x")])
        assert.ok(value >= 0 && value <= 620, `x ${value}`);
      for (const value of [...numbers("cy"), ...numbers("y")])
        assert.ok(value >= 0 && value <= 320, `y ${value}`);
      for (const value of [...numbers("width"), ...numbers("height")]) assert.ok(value >= 0, `size ${value}`);
    }
  });

  it("has a label at the end of each line, moved only as far as others need room", () => {
    const [throughput, mean] = plotsOf(fullResult());
    for (const { labels = [], lines = [] } of [throughput ?? assert.fail(), mean ?? assert.fail()]) {
      const places = labels.map(({ y }) => y);
      for (const [index, y] of places.slice(1).entries())
        assert.ok(y - (places[index] ?? y) > 14.8, `${places}`);
      const ends = new Map(lines.map(({ name, marks }) => [name, marks.at(-1)?.y]));
      assert.equal(labels.find(({ text }) => text === "gRPC, original")?.y, ends.get("gRPC, original"));
    }
    // All lines end at the bottom.
    const [crowded] = plotsOf(
      resultOf([step({ users: 25 }), step({ succeeded: 0 }), rest({ succeeded: 0 })]),
    );
    assert.deepEqual(crowded?.labels.map(({ y }) => y).slice(-3), [244, 259, 274]);
  });

  it("is accessible: captions, scopes, and titles of charts", () => {
    assert.equal(count(html, "<table"), count(html, "<caption>"));
    assert.equal(count(html, /<th[ >]/), count(html, /<th scope="(?:row|col)">/));
    assert.equal(count(html, "<svg"), 4);
    for (const [, label = ""] of html.matchAll(/aria-labelledby="([^"]*)"/g))
      for (const id of label.split(" ")) assert.equal(count(html, ` id="${id}"`), 1, id);
  });
});

describe("the Markdown report", () => {
  const tablesOf = (markdown: string) =>
    marked.lexer(markdown).filter((token): token is Tokens.Table => token.type === "table");
  const tables = tablesOf(markdownReport(fullResult()));

  it("has a table for each protocol and one for the set-up, whose source is aligned too", () => {
    assert.deepEqual(
      tables.map(({ header, rows }) => [header.length, rows.length]),
      [
        [14, 8],
        [14, 8],
        [3, 9],
      ],
    );
    for (const { raw, rows, header } of tables) {
      const lines = raw.trim().split("\n");
      assert.equal(lines.length, rows.length + 2);
      assert.equal(new Set(lines.map((line) => line.length)).size, 1, raw);
      assert.ok(rows.every((row) => row.length === header.length));
    }
  });

  it("has the value of each column in its place", () => {
    const [{ header = [], rows = [] } = {}] = tables;
    const value = (title: string) =>
      plain(rows.at(-1)?.[header.findIndex(({ text }) => text === title)]?.text ?? "");
    assert.equal(value("Users"), "3,200");
    assert.equal(value("Original lab: requests/s"), "243");
    assert.equal(value("Original lab: mean"), "10.5 s");
    assert.equal(value("Failed"), "0");
    assert.match(value("Shed (503)"), /^44,100 \(\d+ %\)$/);
  });

  it("keeps a table valid when a text contains a pipe or a line break", () => {
    const machine = { ...fullResult().machine, os: "a | b\nc" };
    const [table] = tablesOf(markdownReport(resultOf([], { machine })));
    assert.match(table?.rows[0]?.[1]?.text ?? "", /a \| b c$/);
    assert.equal(table?.rows.length, 9);
  });
});
