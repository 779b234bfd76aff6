import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { problemDocument } from "@lgtm-lab/contracts";
import {
  createHttpApp,
  get,
  type HttpServer,
  helloRoute,
  Lifecycle,
  numbersRoute,
  openCall,
} from "@lgtm-lab/service-runtime";
import { toGrpcError } from "@lgtm-lab/service-runtime/grpc";
import { logger, registry } from "@lgtm-lab/telemetry";
import * as v from "valibot";
import { faultAdminApp, faultAdminEnv, startFaultAdmin } from "./admin-port.ts";
import { Faults, withFaults } from "./faults.ts";
import { MAX_FAULT_MS } from "./settings.ts";

const TOKEN = "secret";
const never = new AbortController().signal;

function service(t: TestContext) {
  const faults = new Faults({
    "slow-x": { kind: "slow" },
    "errors-x": { kind: "errors" },
    "stall-x": { kind: "stall" },
  });
  t.after(() => {
    for (const name of faults.names) faults.clear(name);
  });
  const lifecycle = new Lifecycle();
  const app = createHttpApp({ lifecycle });
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, async (_params, call) => {
      await faults.applyTo(call);
      return "hello";
    }),
  );
  const source = withFaults(faults, {
    async *stream({ count }) {
      for (let value = 1; value <= count; value += 1) yield value;
    },
  });
  get(app, "/b/numbers", numbersRoute(lifecycle, source));
  const admin = faultAdminApp(faults, TOKEN);
  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    admin.request(path, {
      method,
      headers: { host: "127.0.0.1:9900", authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return { faults, app, ask };
}

const metric = async (fault: string) =>
  (await registry.getSingleMetric("lab_fault_active")?.get())?.values.find(
    ({ labels }) => labels.fault === fault,
  )?.value;

test("the admin port requires the token", async (t) => {
  const { ask, faults } = service(t);
  for (const authorization of ["", "Bearer wrong", TOKEN, `Basic ${TOKEN}`]) {
    const response = await ask("PUT", "/faults/slow-x", {}, { authorization });
    assert.equal(response.status, 401, authorization);
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
  }
  assert.ok(!faults.isAnyActive);
});

test("the admin port accepts only the host names of loopback", async (t) => {
  const { ask } = service(t);
  for (const host of ["evil.example", "127.0.0.1.evil.example:9900", "10.0.0.1:9900"])
    assert.equal((await ask("GET", "/faults", undefined, { host })).status, 421, host);
  assert.equal((await ask("GET", "/faults", undefined, { host: "localhost:9900" })).status, 200);
});

const adminEnv = (variables: Record<string, string>) =>
  v.parse(v.object(faultAdminEnv(0)), { FAULT_ADMIN_PORT: "0", ...variables });

test("without a token there is no admin port", async (t) => {
  assert.deepEqual(await startFaultAdmin(service(t).faults, adminEnv({})), []);
  assert.deepEqual(await startFaultAdmin(service(t).faults, adminEnv({ FAULT_ADMIN_TOKEN: "" })), []);
});

test("the token can be in a file; a missing file is an error", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fault-admin-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "token");
  await assert.rejects(
    startFaultAdmin(service(t).faults, adminEnv({ FAULT_ADMIN_TOKEN_FILE: file })),
    /ENOENT/,
  );
  writeFileSync(file, "from a file\n");
  const [admin] = await startFaultAdmin(service(t).faults, adminEnv({ FAULT_ADMIN_TOKEN_FILE: file }));
  t.after(() => admin?.drain(AbortSignal.abort()));
  const response = await fetch(`http://127.0.0.1:${(admin as HttpServer).port}/faults`, {
    headers: { authorization: "Bearer from a file" },
  });
  assert.equal(response.status, 200);
});

test("in a container network the admin port also accepts the name of its service, and no other", async (t) => {
  const admin = faultAdminApp(
    service(t).faults,
    TOKEN,
    adminEnv({ FAULT_ADMIN_NAMES: "service-x" }).FAULT_ADMIN_NAMES,
  );
  const as = async (host: string) =>
    (await admin.request("/faults", { headers: { host, authorization: `Bearer ${TOKEN}` } })).status;
  assert.equal(await as("service-x:9900"), 200);
  assert.equal(await as("localhost:9900"), 200);
  assert.equal(await as("service-y:9900"), 421);
});

test("an unknown fault, an invalid duration or an invalid setting is rejected, and the response names it", async (t) => {
  const { ask, faults } = service(t);
  const unknown = await ask("PUT", "/faults/nope", {});
  assert.equal(unknown.status, 404);
  assert.equal(
    v.parse(problemDocument, await unknown.json()).detail,
    'Unknown fault "nope". Available: slow-x, errors-x, stall-x.',
  );
  for (const [body, field] of [
    ["{", "body"],
    [{ for_ms: 0 }, "for_ms"],
    [{ for_ms: MAX_FAULT_MS + 1 }, "for_ms"],
    [{ settings: { share: 2 } }, "share"],
    [{ settings: { after: 2 } }, "body"],
    [{ settings: [] }, "settings"],
    [{ extra: 1 }, "body"],
    [[], "body"],
  ] as const) {
    const response = await ask("PUT", "/faults/slow-x", body);
    assert.equal(response.status, 400, JSON.stringify(body));
    assert.equal(v.parse(problemDocument, await response.json()).errors?.[0]?.field, field);
  }
  assert.ok(!faults.isAnyActive);
});

test("a set fault is shown in the list and by a metric, which is 0 otherwise", async (t) => {
  const { ask } = service(t);
  assert.equal(await metric("slow-x"), 0);
  const [slow] = (await (await ask("PUT", "/faults/slow-x", { for_ms: 60_000 })).json()) as {
    until: string;
  }[];
  assert.ok(Math.abs(Date.parse(slow?.until ?? "") - Date.now() - 60_000) < 1000);
  assert.equal(await metric("slow-x"), 1);
  const [cleared] = (await (await ask("DELETE", "/faults/slow-x")).json()) as { until: unknown }[];
  assert.equal(cleared?.until, null);
  assert.equal(await metric("slow-x"), 0);
});

test("a fault expires", async (t) => {
  const { ask, app, faults } = service(t);
  await ask("PUT", "/faults/slow-x", { for_ms: 60, settings: { delay_ms: 60_000 } });
  // The call continues when the fault expires, long before the deadline of the call.
  const start = performance.now();
  assert.equal((await app.request("/a/hello")).status, 200);
  assert.ok(performance.now() - start < 1500);
  assert.ok(!faults.isAnyActive);
  assert.equal(await metric("slow-x"), 0);
});

test("slow: each call is delayed, but not beyond its deadline", async (t) => {
  const { ask, app } = service(t);
  await ask("PUT", "/faults/slow-x", { settings: { delay_ms: 80 } });
  const start = performance.now();
  assert.equal((await app.request("/a/hello")).status, 200);
  assert.equal((await app.request("/b/numbers?count=3")).status, 200);
  assert.ok(performance.now() - start >= 155);
  const late = await app.request("/a/hello", { headers: { "x-request-timeout-ms": "30" } });
  assert.equal(late.status, 504);
});

test("errors: the given share of the calls fails, and the client does not see the reason", async (t) => {
  const { ask, app, faults } = service(t);
  await ask("PUT", "/faults/errors-x", { settings: { share: 1 } });
  const response = await app.request("/a/hello");
  assert.equal(response.status, 500);
  assert.ok(!(await response.text()).includes("errors-x"));
  await ask("PUT", "/faults/errors-x", { settings: { share: 0.5 } });
  let failed = 0;
  for (let index = 0; index < 400; index += 1)
    if ((await app.request("/a/hello")).status === 500) failed += 1;
  assert.ok(failed > 120 && failed < 280, `${failed} of 400`);
  using call = openCall({ budgetMs: 1000, client: never, shutdownSignal: never });
  await ask("PUT", "/faults/errors-x", { settings: { share: 1 } });
  const error = await faults.applyTo(call)?.catch((reason: unknown) => reason);
  assert.equal(toGrpcError(error).code, status.INTERNAL);
});

test("a fault can have other defaults than its kind", async () => {
  const faults = new Faults({ "flaky-x": { kind: "errors", defaults: { share: 0.1 } } });
  await faults.set("flaky-x", 60_000);
  assert.deepEqual(faults.list()[0]?.settings, { share: 0.1 });
  await faults.set("flaky-x", 60_000, { share: 0.9 });
  assert.deepEqual(faults.list()[0]?.settings, { share: 0.9 });
  faults.clear("flaky-x");
});

test("storm: it begins with its settings, affects no call, and ends", async (t) => {
  const seen: unknown[] = [];
  const begin = async (settings: object) => {
    seen.push(settings);
    return () => void seen.push("ended");
  };
  const faults = new Faults({ "storm-x": { kind: "storm", begin } });
  await faults.set("storm-x", 60_000, { per_second: 7 });
  using call = openCall({ budgetMs: 1000, client: never, shutdownSignal: never });
  const { mock } = t.mock.method(logger, "warn", () => {});
  await faults.applyTo(call);
  assert.equal(mock.callCount(), 0, "no call is marked");
  faults.clear("storm-x");
  assert.deepEqual(seen, [{ per_second: 7 }, "ended"]);
});

test("stall: a stream stops after some values, before the last one, until its deadline", async (t) => {
  const { ask, app } = service(t);
  await ask("PUT", "/faults/stall-x", {});
  for (const [count, sent] of [
    [5, 2],
    [2, 1],
    [1, 0],
  ]) {
    const response = await app.request(`/b/numbers?count=${count}`, {
      headers: { accept: "text/event-stream", "x-request-timeout-ms": "100" },
    });
    const text = await response.text();
    assert.equal(text.match(/event: number/g)?.length ?? 0, sent);
    if (sent) assert.match(text, /event: error/);
    else assert.equal(response.status, 504);
  }
  assert.equal((await app.request("/a/hello")).status, 200, "other calls are not affected");
});

test("streams continue when a stall is cleared", async (t) => {
  const { ask, app } = service(t);
  await ask("PUT", "/faults/stall-x", {});
  const response = app.request("/b/numbers?count=5");
  await ask("DELETE", "/faults");
  assert.equal((await response).status, 200);
});

/** A fault whose beginning the test completes. `effects` is the number of effects that have begun and not ended. */
function slowToBegin() {
  const begun: (() => void)[] = [];
  const state = { effects: 0 };
  const faults = new Faults({
    "link-x": {
      kind: "link",
      begin: async () => {
        await new Promise<void>((resolve) => begun.push(resolve));
        state.effects += 1;
        return () => {
          state.effects -= 1;
        };
      },
    },
  });
  return { faults, begun, state };
}

test("a fault that is set twice at the same time has one effect, which ends with it", async () => {
  const { faults, begun, state } = slowToBegin();
  const both = [faults.set("link-x", 60_000), faults.set("link-x", 60_000)];
  while (begun.length < 1) await new Promise(setImmediate);
  begun[0]?.();
  while (begun.length < 2) await new Promise(setImmediate);
  begun[1]?.();
  await Promise.all(both);
  assert.equal(state.effects, 1);
  faults.clear("link-x");
  assert.equal(state.effects, 0);
});

test("a fault that is cleared while it begins has no effect", async () => {
  const { faults, begun, state } = slowToBegin();
  const set = faults.set("link-x", 60_000);
  while (begun.length < 1) await new Promise(setImmediate);
  faults.clear("link-x");
  begun[0]?.();
  await set;
  assert.equal(state.effects, 0);
  assert.equal(faults.isAnyActive, false);
});
