import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { ensureKeys } from "@lgtm-lab/issuer";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { startBackend, testConsole } from "../../test/console.ts";

const ISSUER = "http://127.0.0.1:8000";

/** Creates a console, and a gateway that records the `Authorization` headers that it gets. `greet` sends it a request. */
async function withGateway(test: TestContext, variables = {}) {
  const sent: (string | undefined)[] = [];
  const gateway = await startBackend(test, ({ headers }, response) => {
    sent.push(headers.authorization);
    response.end('{"from":"A"}');
  });
  const { get, write } = testConsole(test, { GATEWAY_URL: gateway, ...variables });
  const greet = async () => {
    const response = await write("/api/try/a/hello?backend=grpc", "POST");
    assert.equal(response.status, 200);
    // The call ends with its body. Otherwise its deadline keeps this process alive for a minute.
    assert.equal(await response.text(), '{"from":"A"}');
  };
  return { get, greet, sent };
}

describe("GET /.well-known/jwks.json", () => {
  it("returns the public keys, which are none before the first token", async (test) => {
    const { get, stateFolder } = testConsole(test);
    assert.deepEqual(await (await get("/.well-known/jwks.json")).json(), { keys: [] });
    await ensureKeys(stateFolder);
    const response = await get("/.well-known/jwks.json");
    assert.equal(response.headers.get("content-type"), "application/jwk-set+json");
    const { keys } = (await response.json()) as JSONWebKeySet;
    assert.equal(keys.length, 1);
    assert.equal("d" in (keys[0] ?? {}), false);
  });

  it("is a problem with a fix if the file is damaged", async (test) => {
    const { get, stateFolder } = testConsole(test);
    mkdirSync(join(stateFolder, "auth"));
    writeFileSync(join(stateFolder, "auth/keys.json"), "{}");
    const response = await get("/.well-known/jwks.json");
    assert.equal(response.status, 503);
    assert.match(((await response.json()) as { detail: string }).detail, /fix: delete the file/);
  });
});

describe("a request to a gateway", () => {
  it("has no token if the gateways require none", async (test) => {
    const { greet, sent } = await withGateway(test);
    await greet();
    assert.deepEqual(sent, [undefined]);
  });

  it("has a token of the console that the public keys confirm", async (test) => {
    const { get, greet, sent } = await withGateway(test, { AUTH_ISSUER: ISSUER });
    await greet();
    const keys = (await (await get("/.well-known/jwks.json")).json()) as JSONWebKeySet;
    const token = (sent[0] ?? "").replace("Bearer ", "");
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: ISSUER,
      audience: "lgtm-lab",
    });
    assert.deepEqual([payload.sub, payload.scope], ["console", "hello numbers"]);
  });
});
