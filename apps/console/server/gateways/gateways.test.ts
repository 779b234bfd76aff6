import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import { Faults, faultAdminApp } from "@lgtm-lab/faults";
import { startHttpServer } from "@lgtm-lab/service-runtime";
import type { GatewayEntry } from "../../shared/api.ts";
import { testConsole } from "../../test/console.ts";

const TOKEN = "the-token-of-this-lab";
const STATE = { protocol: "grpc", upstreams: [], routes: [] };

async function startAdminPort(test: TestContext, report: object): Promise<string> {
  const app = faultAdminApp(new Faults({}), TOKEN, [], { "/gateway": () => report });
  const server = await startHttpServer(app, "127.0.0.1", 0);
  test.after(() => server.drain(AbortSignal.timeout(50)));
  return `http://127.0.0.1:${server.port}`;
}

const listOf = async (test: TestContext, variables: Record<string, string>) => {
  const { get } = testConsole(test, { FAULT_ADMIN_TOKEN: TOKEN, ...variables });
  return (await (await get("/api/gateways")).json()) as GatewayEntry[];
};

it("the states of the gateways are read at their fault admin ports; one that does not respond has a reason", async (test) => {
  const address = await startAdminPort(test, STATE);
  const [gateway, rest] = await listOf(test, { FAULT_ADMIN_GATEWAY_URL: address });
  assert.deepEqual(gateway, { name: "gateway", address, state: STATE });
  assert.match(
    rest?.problem ?? "",
    /no service listens at the fault admin port of gateway-rest \(.*\); check `npx lab status`$/,
  );
});

it("a wrong token or a response of another form is a reason too", async (test) => {
  const address = await startAdminPort(test, { protocol: "smoke" });
  const [other] = await listOf(test, { FAULT_ADMIN_GATEWAY_URL: address });
  assert.match(other?.problem ?? "", /protocol|Invalid/);
  const [refused] = await listOf(test, { FAULT_ADMIN_GATEWAY_URL: address, FAULT_ADMIN_TOKEN: "wrong" });
  assert.match(refused?.problem ?? "", /requires another token/);
});

it("only GET and HEAD are allowed", async (test) => {
  const { request } = testConsole(test);
  assert.equal((await request("/api/gateways", "POST")).status, 405);
});
