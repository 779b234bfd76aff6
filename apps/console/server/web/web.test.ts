import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { testConsole } from "../../test/console.ts";
import { PAGE_PATHS } from "./serve.ts";

const VIEW_PATHS = PAGE_PATHS.map((path) => path.replace(/:\w+/, "anything-at-all"));

/** Creates a console whose web application is built. */
function consoleWithBuild(test: TestContext) {
  const tested = testConsole(test);
  const dist = join(tested.stateFolder, "dist");
  mkdirSync(join(dist, "assets"), { recursive: true });
  writeFileSync(join(tested.stateFolder, "secret"), "private text");
  writeFileSync(join(dist, "index.html"), "<!doctype html><div id=root></div>");
  writeFileSync(join(dist, "theme.js"), "theme()");
  writeFileSync(join(dist, "assets/main-abc123.js"), "main()");
  writeFileSync(join(dist, "assets/main-abc123.js.br"), "brotli");
  writeFileSync(join(dist, "assets/main-abc123.js.gz"), "gzip");
  return tested;
}

describe("the application", () => {
  it("is the same page at the path of every view, and is revalidated each time", async (test) => {
    const { get } = consoleWithBuild(test);
    for (const address of [
      ...VIEW_PATHS,
      "/d/lab-slo?var-slo=x&from=now-1h",
      "/d/lab-slo/slo",
      "/logs?q=%7B%7D",
    ]) {
      const response = await get(address);
      assert.equal(response.status, 200, address);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      assert.equal(response.headers.get("cache-control"), "no-cache");
      assert.match(response.headers.get("content-security-policy") ?? "", /script-src 'self';/);
      assert.match(await response.text(), /id=root/);
    }
    assert.equal((await get("/nowhere")).status, 404);
    assert.equal((await get("/d/a/b/c")).status, 404);
  });

  it("responds to an unknown path with a page for browsers and a problem document for programs", async (test) => {
    const { get } = consoleWithBuild(test);
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    const page = await get("/nowhere", { accept });
    assert.equal(page.status, 404);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(await page.text(), /id=root/);
    for (const [path, headers] of [
      ["/nowhere", {}],
      ["/api/nowhere", { accept }],
      ["/assets/none.js", { accept }],
    ] as const) {
      const response = await get(path, headers);
      assert.deepEqual(
        [response.status, response.headers.get("content-type")],
        [404, "application/problem+json"],
        path,
      );
    }
  });

  it("has assets that are cached forever and compressed if the client accepts it", async (test) => {
    const { get } = consoleWithBuild(test);
    for (const [accepted, encoding, text] of [
      ["gzip, deflate, br, zstd", "br", "brotli"],
      ["gzip", "gzip", "gzip"],
      ["identity", null, "main()"],
    ] as const) {
      const response = await get("/assets/main-abc123.js", { "accept-encoding": accepted });
      assert.equal(response.headers.get("content-encoding"), encoding);
      assert.match(response.headers.get("content-type") ?? "", /^text\/javascript/);
      assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      assert.equal(await response.text(), text);
    }
    const theme = await get("/theme.js");
    assert.deepEqual([theme.status, theme.headers.get("cache-control")], [200, "no-cache"]);
    const gone = await get("/assets/main-old.js");
    assert.deepEqual([gone.status, gone.headers.get("cache-control")], [404, null]);
  });

  for (const path of [
    "/../secret",
    "/..%2fsecret",
    "/assets/..%2f..%2fsecret",
    "/assets/%2e%2e/%2e%2e/secret",
    "/..\\secret",
    "//secret",
  ])
    it(`${path} is not served`, async (test) => {
      const response = await consoleWithBuild(test).get(path);
      assert.equal(response.status, 404);
      assert.doesNotMatch(await response.text(), /private text/);
    });

  it("is replaced by a plain page with build instructions until it is built", async (test) => {
    const { get, stateFolder } = testConsole(test);
    for (const address of VIEW_PATHS) {
      const response = await get(address);
      assert.equal(response.status, 200);
      assert.match(await response.text(), /is not built yet\. To build it, run\s*<code>npm start/);
    }
    mkdirSync(join(stateFolder, "dist"));
    writeFileSync(join(stateFolder, "dist/index.html"), "built");
    assert.equal(
      await (await get("/")).text(),
      "built",
      "the web application is served as soon as it is built",
    );
    assert.match(await (await get("/plain")).text(), /works without scripts/);
  });
});
