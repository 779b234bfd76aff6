import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { freePort } from "@lgtm-lab/stack";
import { hostPort, lab, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { traceOf } from "./support/tempo.ts";
import { eventually, within } from "./support/within.ts";

const root = join(import.meta.dirname, "../..");

/** All the code that a user of the package writes. */
const APP = `
import { serve } from "@hono/node-server";
import { logger } from "@lgtm-lab/telemetry";
import { metricsHandler, observe } from "@lgtm-lab/telemetry/hono";
import { Hono } from "hono";

const app = new Hono();
app.use(observe());
app.get("/metrics", metricsHandler());
app.get("/hi/:who", (c) => (logger.info("hi"), c.text("hi " + c.req.param("who"))));
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
`;

/** The package's README promises that a copy of the folder works in any project. */
describe("packages/telemetry, copied into a project outside the workspace", () => {
  let project: string;
  let app: ChildProcess;
  let base: string;

  before(async () => {
    project = await mkdtemp(join(tmpdir(), "elsewhere-"));
    await cp(join(root, "packages/telemetry"), join(project, "telemetry"), { recursive: true });
    await writeFile(join(project, "app.ts"), APP.trimStart());
    const dependencies = {
      "@lgtm-lab/telemetry": "file:./telemetry",
      "@hono/node-server": "2.1.8",
      hono: "4.13.19",
    };
    await writeFile(join(project, "package.json"), JSON.stringify({ type: "module", dependencies }));
    await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], {
      cwd: project,
    });

    const stack = await lab();
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    app = spawn(process.execPath, ["--import", "@lgtm-lab/telemetry/register", "app.ts"], {
      cwd: project,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        PORT: String(port),
        OTEL_SERVICE_NAME: "elsewhere",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await hostPort("OTELCOL_GRPC_PORT")}`,
        LOKI_URL: stack.address("loki"),
      },
    });
    await eventually("the app responds", () =>
      fetch(`${base}/metrics`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  });

  after(async () => {
    if (app?.exitCode === null) {
      app.kill("SIGTERM");
      await once(app, "exit");
    }
    await rm(project, { recursive: true, force: true });
  });

  it("gives a trace, log lines and a metric", async () => {
    const at = await urls();
    const response = await fetch(`${base}/hi/Ana`);
    assert.equal(await response.text(), "hi Ana");
    const traceId = response.headers.get("x-trace-id") ?? "";

    const [span] = await within("trace of the app", 1_000, () => traceOf(at.tempo, traceId, ["elsewhere"]));
    assert.equal(span?.name, "GET /hi/:who");
    await within("log line of the app", 2_000, async () => {
      const found = await lines(at.loki, `{service_name="elsewhere"} | trace_id="${traceId}"`);
      return found.some(({ json }) => json.msg === "hi");
    });
    const metrics = await (await fetch(`${base}/metrics`)).text();
    assert.match(metrics, /http_server_request_duration_seconds_count\{.*http_route="\/hi\/:who".*\} 1/);
    assert.match(metrics, new RegExp(`# \\{.*trace_id="${traceId}"`));
  });
});
