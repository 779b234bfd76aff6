import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const modules = new URL("./", import.meta.url).href;

/**
 * Runs code in a separate process and returns the JSON that it prints. There `loaded` lists the URLs of all loaded
 * modules.
 */
function inProcess(code: string, env: Record<string, string>): unknown {
  const script = `
    import { createRequire, registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { getNodeAutoInstrumentations } = await import("${modules}metapackages.ts");
    const require = createRequire("${modules}metapackages.ts");
    const of = (made) => made.map(({ instrumentationName }) => instrumentationName.split("-").slice(1).join("-"));
    console.log(JSON.stringify(${code}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env,
    encoding: "utf8",
  });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}

test("only enabled instrumentations are loaded, and they work", () => {
  const env = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "http, pg" };
  assert.deepEqual(inProcess("of(getNodeAutoInstrumentations())", env), ["http", "pg"]);
  const loaded =
    "loaded.flatMap((url) => /@opentelemetry.(instrumentation-[^/]+|resource-detector)/.exec(url)?.[1] ?? [])";
  assert.deepEqual(
    new Set(inProcess(loaded, env) as string[]),
    new Set(["instrumentation-http", "instrumentation-pg"]),
  );
});

test("without OTEL_NODE_ENABLED_INSTRUMENTATIONS all defaults of the package are loaded", () => {
  const made = inProcess("of(getNodeAutoInstrumentations())", { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "" });
  assert.ok((made as string[]).length > 30, String(made));
});

test("an app that requires the package itself gets all of it", () => {
  const code = `(delete process.env.OTEL_NODE_ENABLED_INSTRUMENTATIONS,
    of(require("@opentelemetry/auto-instrumentations-node").getNodeAutoInstrumentations()))`;
  const made = inProcess(code, { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "http" });
  assert.ok((made as string[]).includes("pg"), String(made));
});

test("unused exporters and readers of configuration files are not loaded", () => {
  const code = `loaded.filter((url) => /@opentelemetry.(exporter-|configuration)/.test(url))`;
  assert.deepEqual(inProcess(code, { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "http" }), []);
});
