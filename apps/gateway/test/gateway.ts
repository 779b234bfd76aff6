import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Protocol } from "@lgtm-lab/contracts";
import { Lifecycle, startHttpServer } from "@lgtm-lab/service-runtime";
import { withoutTracing } from "@lgtm-lab/telemetry";
import fc from "fast-check";
import { createGateway } from "../src/app.ts";
import { readEnv } from "../src/env.ts";
import { setVariable } from "./env.ts";
import { startInstance, type TestInstance } from "./upstream.ts";

/** Starts a gateway in front of real servers, with the given variables. */
export async function startGateway(
  t: TestContext,
  protocol: Protocol,
  variables: Readonly<Record<string, string>>,
  instances = 1,
) {
  const upstreams: TestInstance[] = [];
  for (let n = 0; n < instances; n += 1) upstreams.push(await startInstance(t, protocol));
  const addresses = upstreams.map(({ address }) => address).join(",");
  setVariable(t, "BACKEND", protocol);
  for (const service of ["A", "B"]) setVariable(t, `SERVICE_${service}_${protocol.toUpperCase()}`, addresses);
  for (const [name, value] of Object.entries(variables)) setVariable(t, name, value);
  const lifecycle = new Lifecycle();
  lifecycle.state = "serving";
  const { app, services, faults, close } = await createGateway(readEnv(), lifecycle);
  const server = await startHttpServer(app, "127.0.0.1", 0);
  t.after(async () => {
    close();
    await server.drain(AbortSignal.timeout(100));
  });
  const base = `http://127.0.0.1:${server.port}`;
  const get = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
    const response = await withoutTracing(() =>
      fetch(base + path, { headers: { connection: "close", ...headers }, redirect: "manual", ...init }),
    );
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const hello = (headers?: Record<string, string>) => get("/a/hello?name=Ana", headers);
  const calls = () => upstreams.reduce((sum, each) => sum + each.calls, 0);
  const all = async (count: number) => {
    const statuses: number[] = [];
    for (let n = 0; n < count; n += 1) statuses.push((await hello()).status);
    return statuses;
  };
  const [first, second, third] = upstreams as [TestInstance, TestInstance, TestInstance];
  return { app, upstreams, first, second, third, base, get, hello, all, calls, services, faults };
}

/** Writes a routes file, which is removed after the test. */
export function routesFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "routes-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "routes.yaml");
  writeFileSync(file, text);
  return file;
}

/** Creates a gateway with these variables in a separate process. Returns the URLs of the modules that it loaded. */
export function loadedModules(variables: Readonly<Record<string, string>>): string[] {
  const script = `
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    const { createGateway } = await import("./src/app.ts");
    const { readEnv } = await import("./src/env.ts");
    const { Lifecycle } = await import("@lgtm-lab/service-runtime");
    await createGateway(readEnv(), new Lifecycle());
    console.log(JSON.stringify(urls));
    process.exit();`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    cwd: `${import.meta.dirname}/..`,
    env: { OTEL_SERVICE_NAME: "gateway", OTEL_SDK_DISABLED: "true", LOKI_URL: "", ...variables },
  });
  // Log lines of the gateway can follow.
  return JSON.parse(output.split("\n").find((line) => line.startsWith("[")) ?? "[]");
}

const headerCharacter = fc
  .integer({ min: 0x20, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code));

/** Any text that `fetch` sends unchanged as the value of a header. */
export const headerText = (maxLength: number) =>
  fc.string({ unit: headerCharacter, maxLength }).map((text) => text.trim());
