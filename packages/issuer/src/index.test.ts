import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { ensureKeys, issueToken, MAX_TOKEN_MS, publicKeys, rotateKeys, tokenSource } from "./index.ts";

const ISSUER = "http://127.0.0.1:8000";
const OPTIONS = { issuer: ISSUER, subject: "ana", scopes: ["hello"], lifetimeMs: 600_000 } as const;
const HOUR_MS = 3_600_000;

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "issuer-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Checks a token as a gateway does, with the public keys at a time. */
const verify = (folder: string, token: string, now = Date.now()) =>
  jwtVerify(token, createLocalJWKSet({ keys: [...publicKeys(folder, now).keys] }), {
    issuer: ISSUER,
    audience: "lgtm-lab",
    requiredClaims: ["exp", "sub"],
  });

test("a token is valid with the public keys, and has the subject, the scopes and the lifetime", async (t) => {
  const folder = stateFolder(t);
  const token = await issueToken(folder, { ...OPTIONS, scopes: ["hello", "numbers"] });
  const { payload, protectedHeader } = await verify(folder, token);
  assert.equal(protectedHeader.alg, "ES256");
  assert.deepEqual([payload.sub, payload.scope], ["ana", "hello numbers"]);
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600);
});

test("only the owner can read the keys, and the public keys have no private part", async (t) => {
  const folder = stateFolder(t);
  await ensureKeys(folder);
  const [auth, file] = [join(folder, "auth"), join(folder, "auth/keys.json")];
  assert.equal(statSync(auth).mode & 0o777, 0o700);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await rotateKeys(folder);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(auth), ["keys.json"]);
  const { keys } = JSON.parse(readFileSync(file, "utf8")) as { keys: { jwk: { d: string } }[] };
  const published = JSON.stringify(publicKeys(folder));
  assert.equal(keys.length, 2);
  for (const { jwk } of keys) assert.ok(jwk.d.length > 20 && !published.includes(jwk.d));
  assert.doesNotMatch(published, /"d":/);
});

test("several processes that create the keys at once use the same", async (t) => {
  const folder = stateFolder(t);
  const tokens = await Promise.all(Array.from({ length: 5 }, () => issueToken(folder, OPTIONS)));
  for (const token of tokens) await verify(folder, token);
  assert.equal(publicKeys(folder).keys.length, 1);
});

test("after a rotation new tokens have the new key, and old ones are valid until they have expired", async (t) => {
  const folder = stateFolder(t);
  const now = Date.now();
  const before = await issueToken(folder, OPTIONS);
  assert.equal(await rotateKeys(folder, now), now + MAX_TOKEN_MS + 300_000);
  const after = await issueToken(folder, OPTIONS);
  const kids = publicKeys(folder).keys.map(({ kid }) => kid);
  assert.equal(new Set(kids).size, 2);
  for (const token of [before, after]) await verify(folder, token);
  const later = now + 3 * HOUR_MS;
  await assert.rejects(verify(folder, before, later), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  await verify(folder, after, later);
  // A second rotation does not extend the time of the first key.
  assert.ok((await rotateKeys(folder, now + HOUR_MS)) > now + MAX_TOKEN_MS + 300_000);
  assert.equal(publicKeys(folder, later).keys.length, 2);
  await rotateKeys(folder, later);
  assert.equal(
    (JSON.parse(readFileSync(join(folder, "auth/keys.json"), "utf8")) as { keys: unknown[] }).keys.length,
    3,
  );
});

test("without keys, the list of public keys is empty", (t) => {
  assert.deepEqual(publicKeys(stateFolder(t)), { keys: [] });
});

test("a damaged file is reported with a fix, and is not replaced", async (t) => {
  const folder = stateFolder(t);
  await ensureKeys(folder);
  writeFileSync(join(folder, "auth/keys.json"), "{");
  await assert.rejects(
    issueToken(folder, OPTIONS),
    /keys\.json cannot be read: it has no list of keys in JSON\.\n {2}fix: delete/,
  );
});

for (const content of ["", "{}", '{"keys":{}}', '{"keys":[null]}', '{"keys":[{}]}', '{"keys":[{"jwk":{}}]}'])
  test(`a damaged file of keys is an error with the fix: ${content || "empty"}`, async (t) => {
    const folder = stateFolder(t);
    await ensureKeys(folder);
    writeFileSync(join(folder, "auth/keys.json"), content);
    const message = /cannot be read: it has no list of keys.*fix: delete the file/s;
    assert.throws(() => publicKeys(folder), message);
    await assert.rejects(issueToken(folder, OPTIONS), message);
  });

test("a file without a key is an error with the fix", async (t) => {
  const folder = stateFolder(t);
  await ensureKeys(folder);
  writeFileSync(join(folder, "auth/keys.json"), '{"keys":[]}');
  await assert.rejects(issueToken(folder, OPTIONS), /keys\.json contains no key\.\n {2}fix: delete the file/);
});

test("a token cannot outlive its key", async (t) => {
  await assert.rejects(
    issueToken(stateFolder(t), { ...OPTIONS, lifetimeMs: MAX_TOKEN_MS + 1 }),
    /at most two hours/,
  );
});

test("a program uses its token for half of its lifetime, and then gets another", async (t) => {
  const folder = stateFolder(t);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const token = tokenSource(folder, { issuer: ISSUER, subject: "traffic", scopes: ["hello"] });
  const first = await token();
  t.mock.timers.tick(4 * 60_000);
  assert.equal(await token(), first);
  t.mock.timers.tick(2 * 60_000);
  const second = await token();
  assert.notEqual(second, first);
  assert.equal((decodeJwt(second).exp ?? 0) - (decodeJwt(first).exp ?? 0), 360);
});
