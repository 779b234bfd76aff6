import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Faults, faultAdminApp } from "@lgtm-lab/faults";
import { STACK_FAULTS } from "@lgtm-lab/faults/client";
import { startHttpServer } from "@lgtm-lab/service-runtime";
import type { FaultEntry } from "../../shared/api.ts";
import { testConsole } from "../../test/console.ts";

const TOKEN = "the-token-of-this-lab";

/** Creates the console of a lab in which only service A runs and can be broken. */
async function withServiceA(test: TestContext, variables: Record<string, string> = {}) {
  const faults = new Faults({ "slow-a": { kind: "slow" }, "errors-a": { kind: "errors" } });
  const server = await startHttpServer(faultAdminApp(faults, TOKEN), "127.0.0.1", 0);
  test.after(() => server.drain(AbortSignal.timeout(50)));
  test.after(() => faults.names.forEach((name) => void faults.clear(name)));
  const FAULT_ADMIN_A_URL = `http://127.0.0.1:${server.port}`;
  return { ...testConsole(test, { FAULT_ADMIN_A_URL, FAULT_ADMIN_TOKEN: TOKEN, ...variables }), faults };
}

const json = { "content-type": "application/json" };
const of = async (response: Response, name: string) =>
  ((await response.json()) as FaultEntry[]).find((fault) => fault.name === name);

describe("faults", () => {
  it("are listed, with the reason if they are unavailable", async (test) => {
    const { get } = await withServiceA(test);
    const all = (await (await get("/api/faults")).json()) as FaultEntry[];
    assert.deepEqual(
      all.map(({ name }) => name),
      STACK_FAULTS.map(({ name }) => name),
    );
    assert.deepEqual(
      all.filter(({ unavailableReason }) => unavailableReason === undefined).map(({ name }) => name),
      ["slow-a", "errors-a"],
    );
    assert.match(
      all.find(({ name }) => name === "slow-b")?.unavailableReason ?? "",
      /no service listens.*service-b/,
    );
  });

  it("are set for a time, and ended individually or together", async (test) => {
    const { write, get, faults } = await withServiceA(test);
    const body = JSON.stringify({ for_ms: 60_000 });
    const set = await write("/api/faults/slow-a", "PUT", { body, headers: json });
    assert.equal(set.status, 200);
    const until = Date.parse((await of(set, "slow-a"))?.until ?? "");
    assert.ok(Math.abs(until - Date.now() - 60_000) < 2000);
    assert.ok(faults.isAnyActive);
    assert.notEqual((await of(await get("/api/faults"), "slow-a"))?.until, null);
    assert.equal((await of(await write("/api/faults/slow-a", "DELETE"), "slow-a"))?.until, null);
    await write("/api/faults/errors-a", "PUT");
    assert.ok(faults.isAnyActive, "the default duration is five minutes");
    assert.equal((await write("/api/faults", "DELETE")).status, 200);
    assert.ok(!faults.isAnyActive);
  });

  it("use the token that the launcher currently stores", async (test) => {
    const { get, stateFolder } = await withServiceA(test, { FAULT_ADMIN_TOKEN: "" });
    const reason = async (name: string) => (await of(await get("/api/faults"), name))?.unavailableReason;
    assert.match((await reason("slow-a")) ?? "", /requires another token/);
    mkdirSync(join(stateFolder, "run"));
    writeFileSync(join(stateFolder, "run/fault-admin-token"), TOKEN);
    assert.equal(await reason("slow-a"), undefined);
  });

  it("cannot be set without a launcher if they need one", async (test) => {
    const gateway = new Faults({ "crash-b": { kind: "mark" }, "slow-gateway": { kind: "slow" } });
    const app = faultAdminApp(gateway, TOKEN);
    const server = await startHttpServer(app, "127.0.0.1", 0);
    test.after(() => server.drain(AbortSignal.timeout(50)));
    const url = `http://127.0.0.1:${server.port}`;
    const urls = { FAULT_ADMIN_GATEWAY_URL: url, FAULT_ADMIN_REST_URL: url };
    const { get, write } = await withServiceA(test, urls);
    assert.match((await of(await get("/api/faults"), "crash-b"))?.unavailableReason ?? "", /launcher/);
    const slow = await of(await get("/api/faults"), "slow-gateway");
    assert.deepEqual([slow?.until, slow?.unavailableReason], [null, undefined]);
    const response = await write("/api/faults/crash-b", "PUT");
    assert.equal(response.status, 503);
    assert.ok(!gateway.isAnyActive, "the fault is not set partially");
  });

  it("cannot be set if their service does not run", async (test) => {
    const { write } = await withServiceA(test);
    const response = await write("/api/faults/slow-b", "PUT");
    assert.equal(response.status, 503);
    assert.match(((await response.json()) as { detail: string }).detail, /No service listens.*lab status/);
  });

  const INVALID_REQUESTS: [
    what: string,
    path: string,
    body: string,
    headers: Record<string, string>,
    status: number,
  ][] = [
    ["an unknown name", "slow-x", "", {}, 404],
    ["a name with a path in it", "..%2fslow-a", "", {}, 404],
    ["the name of an object's property", "constructor", "", {}, 404],
    ["invalid JSON", "slow-a", "{", json, 400],
    ["a body without a JSON content type", "slow-a", '{"for_ms":1}', { "content-type": "text/plain" }, 415],
    ["a duration of 0", "slow-a", '{"for_ms":0}', json, 400],
    ["more than an hour", "slow-a", '{"for_ms":3600001}', json, 400],
    ["a duration as a string", "slow-a", '{"for_ms":"5m"}', json, 400],
    ["settings", "slow-a", '{"settings":{"delay_ms":60000}}', json, 400],
    ["a list", "slow-a", "[]", json, 400],
    ["a body that is too large", "slow-a", " ".repeat(2000), json, 413],
  ];
  for (const [what, path, body, headers, status] of INVALID_REQUESTS)
    it(`${what} is rejected`, async (test) => {
      const { write, faults } = await withServiceA(test);
      const response = await write(`/api/faults/${path}`, "PUT", { body, headers });
      assert.equal(response.status, status);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.ok(!faults.isAnyActive);
    });
});
