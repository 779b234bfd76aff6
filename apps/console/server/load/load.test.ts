import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { smallResult, storedResult } from "../../../../load/test/results.ts";
import type { LoadTestEntry } from "../../shared/api.ts";
import { testConsole } from "../../test/console.ts";

const TIME = "2026-11-28T15:04:05.678Z";
const LATER = "2026-11-29T08:00:00.000Z";

/** Stores a result as `lab load` does. */
function store(stateFolder: string, time: string, files: Readonly<Record<string, string>>): void {
  const folder = join(stateFolder, "load", time);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

describe("GET /api/load", () => {
  it("is an empty list until a load test has run", async (test) => {
    const response = await testConsole(test).get("/api/load");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.deepEqual(await response.json(), []);
  });

  it("has the results as they were stored, newest first", async (test) => {
    const { get, stateFolder } = testConsole(test);
    const later = storedResult({ stoppedEarly: true });
    store(stateFolder, TIME, { "result.json": JSON.stringify(storedResult()), "report.html": "<h1>" });
    store(stateFolder, LATER, { "result.json": JSON.stringify(later) });
    assert.deepEqual(await (await get("/api/load")).json(), [
      { time: LATER, report: false, result: later },
      { time: TIME, report: true, result: storedResult() },
    ]);
  });

  it("names the problem of a result that cannot be shown", async (test) => {
    const { get, stateFolder } = testConsole(test);
    store(stateFolder, "1", {});
    store(stateFolder, "2", { "result.json": '{"version":' });
    store(stateFolder, "3", { "result.json": JSON.stringify({ ...storedResult(), version: 2 }) });
    store(stateFolder, "4", { "result.json": `"${"x".repeat(1024 * 1024)}"` });
    writeFileSync(join(stateFolder, "load/file"), "");
    const runs = (await (await get("/api/load")).json()) as LoadTestEntry[];
    assert.deepEqual(
      runs.map(({ time, result }) => [time, result]),
      ["4", "3", "2", "1"].map((time) => [time, undefined]),
    );
    const problems = runs.map(({ problem = "" }) => problem);
    for (const [index, says] of [
      /larger/,
      /an unsupported format/,
      /cannot be read: .*JSON/,
      /ENOENT/,
    ].entries())
      assert.match(problems[index] ?? "", says);
  });

  it("accepts a step without latency and a CPU time that is not a number", async (test) => {
    const { get, stateFolder } = testConsole(test);
    const [step] = smallResult().steps;
    const { latencyMs: _, ...without } = step ?? assert.fail();
    const steps = [{ ...without, cpuUs: { gateway: Number.NaN } }];
    store(stateFolder, TIME, { "result.json": JSON.stringify(storedResult({ steps })) });
    const [run] = (await (await get("/api/load")).json()) as LoadTestEntry[];
    assert.equal(run?.problem, undefined);
    assert.deepEqual(run?.result?.steps[0]?.cpuUs, { gateway: null });
  });

  it("lists the newest 50", async (test) => {
    const { get, stateFolder } = testConsole(test);
    for (let index = 100; index < 160; index += 1) store(stateFolder, String(index), {});
    const runs = (await (await get("/api/load")).json()) as LoadTestEntry[];
    assert.deepEqual([runs.length, runs[0]?.time, runs.at(-1)?.time], [50, "159", "110"]);
  });
});

describe("GET /load/<time>/report.html", () => {
  it("is the stored file, served in a sandbox without scripts", async (test) => {
    const { get, stateFolder } = testConsole(test);
    store(stateFolder, TIME, { "report.html": "<script>alert(1)</script>" });
    for (const path of [TIME, encodeURIComponent(TIME)]) {
      const response = await get(`/load/${path}/report.html`);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      const rules = response.headers.get("content-security-policy") ?? "";
      assert.match(rules, /^default-src 'none'; style-src 'unsafe-inline'; .*; sandbox$/);
      assert.doesNotMatch(rules, /script-src|'self'|allow-/);
      // Browsers show an error instead of a sandboxed page with another opener policy.
      assert.equal(response.headers.get("cross-origin-opener-policy"), "unsafe-none");
      assert.equal(await response.text(), "<script>alert(1)</script>");
    }
    const page = await get("/plain");
    assert.equal(page.headers.get("cross-origin-opener-policy"), "same-origin");
    assert.doesNotMatch(page.headers.get("content-security-policy") ?? "", /sandbox/);
  });

  for (const path of [
    "none",
    "..",
    "%2e%2e",
    "..%2falerts",
    `..%2fload%2f${TIME}`,
    `${TIME}%2f..%2f${TIME}`,
    `${TIME}%00`,
    "%2fetc",
    "file",
    "link",
  ])
    it(`${path} is unknown`, async (test) => {
      const { get, stateFolder } = testConsole(test);
      store(stateFolder, TIME, { "report.html": "private text" });
      store(stateFolder, "../alerts", { "report.html": "private text" });
      writeFileSync(join(stateFolder, "load/file"), "");
      symlinkSync(join(stateFolder, "alerts"), join(stateFolder, "load/link"));
      const response = await get(`/load/${path}/report.html`);
      assert.equal(response.status, 404);
      assert.doesNotMatch(await response.text(), /private text/);
    });

  it("other files of the folder are not served, and other methods are rejected", async (test) => {
    const { get, request, stateFolder } = testConsole(test);
    store(stateFolder, TIME, { "report.html": "", "result.json": "private text" });
    assert.equal((await get(`/load/${TIME}/result.json`)).status, 404);
    assert.equal((await request(`/load/${TIME}/report.html`, "DELETE")).status, 405);
    assert.equal((await request("/api/load", "POST")).status, 405);
  });
});
