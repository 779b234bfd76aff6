// First, as in `register`: later imports of @grpc/grpc-js must find it patched.
import "../../../../packages/telemetry/src/tracing/instrumentations.ts";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { problemDocument } from "@lgtm-lab/contracts";
import { registry } from "@lgtm-lab/telemetry";
import fc from "fast-check";
import { type CryptoKey, exportSPKI, importJWK, type JWTPayload } from "jose";
import * as v from "valibot";
import {
  finishedSpans,
  line,
  loggedLines,
  reset,
  sample,
  span,
  waitForResult,
} from "../../../../packages/telemetry/test/in-memory.ts";
import { routesFile, startGateway } from "../../test/gateway.ts";
import {
  claimsOf,
  inSeconds,
  makeKey,
  SUBJECT,
  sign,
  startIssuer,
  type TestIssuer,
  type TestKey,
  unsigned,
} from "../../test/issuer.ts";
import { TokenVerifier } from "./auth.ts";
import { startTokenStorm } from "./token-storm.ts";

const [rsa, ec, ed, other] = (await Promise.all([
  makeKey("RS256", "rsa"),
  makeKey("ES256", "ec"),
  makeKey("EdDSA", "ed"),
  makeKey("RS256", "rsa"), // the same name, but another key
])) as [TestKey, TestKey, TestKey, TestKey];

/** Starts a gateway that accepts the tokens of an issuer, in front of real servers. */
async function startFor(t: TestContext, issuer: Pick<TestIssuer, "url">, variables = {}) {
  const gateway = await startGateway(t, "grpc", { AUTH_ISSUER: issuer.url, ...variables });
  const hello = (token?: string) =>
    gateway.get("/a/hello?name=Ana", token === undefined ? {} : { authorization: `Bearer ${token}` });
  return { ...gateway, hello, port: Number(new URL(gateway.base).port), instance: gateway.first };
}

/** Starts an issuer with the keys, and a gateway that accepts its tokens. */
async function start(t: TestContext, variables = {}) {
  const issuer = await startIssuer(t, rsa, ec, ed);
  const gateway = await startFor(t, issuer, variables);
  const token = (changes: JWTPayload = {}, key = rsa) => sign(claimsOf(issuer.url, changes), key);
  return { ...gateway, issuer, token };
}

/** Returns the lines of the audit log. */
const audited = () => loggedLines().filter(({ log }) => log === "audit");

type Response = Awaited<ReturnType<Awaited<ReturnType<typeof start>>["get"]>>;
const problemOf = ({ text, headers }: Response) => {
  assert.equal(headers.get("content-type"), "application/problem+json");
  return v.parse(problemDocument, JSON.parse(text));
};

describe("an accepted token", () => {
  for (const key of [rsa, ec, ed])
    it(`is signed with ${key.alg}`, async (t) => {
      const { hello, token } = await start(t);
      const { status, text } = await hello(await token({}, key));
      assert.equal(status, 200, text);
      assert.match(text, /Olá, Ana!/);
    });

  for (const [what, changes] of [
    ["names several audiences", () => ({ aud: ["another", "lgtm-lab"] })],
    ["has the scopes as a list in scp", () => ({ scope: undefined, scp: ["numbers", "hello"] })],
    ["has the scope as a word in scp", () => ({ scope: undefined, scp: "hello" })],
    ["has expired within the skew", () => ({ exp: inSeconds(-1) })],
    ["is valid soon, within the skew", () => ({ nbf: inSeconds(3) })],
    ["has no subject", () => ({ sub: undefined })],
  ] as readonly [string, () => JWTPayload][])
    it(`${what}`, async (t) => {
      const { hello, token } = await start(t);
      const { status, text } = await hello(await token(changes()));
      assert.equal(status, 200, text);
    });

  it("is recorded in the audit log, and nowhere else, with at most 256 characters of its subject", async (t) => {
    const { hello, token } = await start(t);
    const made = await token({ sub: SUBJECT.padEnd(300, "x") });
    reset();
    const response = await hello(made);
    const audited = await line(({ log }) => log === "audit");
    assert.deepEqual([audited.outcome, audited.subject], ["accepted", SUBJECT.padEnd(256, "x")]);
    assert.equal(audited.trace_id, response.headers.get("x-trace-id"));
    await line(({ msg }) => msg === "request");
    assert.equal(loggedLines().length, 2);
    await assertNothingOf(made, response);
  });

  it("opens the route of its scope only, also for HEAD and for streams", async (t) => {
    const { get, token } = await start(t);
    const authorization = `bearer   ${await token({ scope: "numbers" })}`;
    assert.equal((await get("/b/numbers?count=2", { authorization })).status, 200);
    const stream = await get("/b/numbers?count=2", { authorization, accept: "text/event-stream" });
    assert.match(stream.text, /event: end/);
    assert.equal((await get("/A/Hello/", { authorization })).status, 403);
    assert.equal((await get("/b/numbers", { accept: "text/event-stream" })).status, 401);
    assert.equal((await get("/b/numbers?count=2", { authorization }, { method: "HEAD" })).status, 200);
    assert.equal((await get("/a/hello", { authorization }, { method: "HEAD" })).status, 403);
    for (const path of ["/a/hello", "/b/numbers"])
      assert.equal((await get(path, {}, { method: "HEAD" })).status, 401, path);
  });

  it("is checked for each request: once expired, it is refused, although it was accepted before", async (t) => {
    const { hello, token } = await start(t, { AUTH_SKEW_S: "0", HELLO_CACHE_MS: "60000" });
    const made = await token({ exp: inSeconds(60) });
    for (let n = 0; n < 2; n += 1) assert.equal((await hello(made)).status, 200);
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 });
    assert.equal((await hello(made)).status, 401);
  });

  it("is required before the cache, a request that is joined, and the fallback; the rate limit comes first", async (t) => {
    const { get, hello, token, instance } = await start(t, {
      HELLO_CACHE_MS: "60000",
      HELLO_FALLBACK: "on",
      RATE_LIMIT: "20",
    });
    const authorization = `Bearer ${await token()}`;
    assert.equal((await get("/a/hello?name=Ana", { authorization })).status, 200);
    const again = await get("/a/hello?name=Ana", { authorization });
    assert.ok(again.headers.has("age"), "it is stored");
    assert.equal((await hello()).status, 401);
    assert.equal((await get("/a/hello?name=Ana", { "if-none-match": "*" })).status, 401);
    assert.equal((await hello(await token({ scope: "numbers" }))).status, 403);

    const held = Promise.withResolvers<void>();
    instance.behaviour = { until: held.promise };
    const first = get("/a/hello?name=Bia", { authorization });
    await waitForResult(async () => instance.calls === 2);
    assert.equal((await get("/a/hello?name=Bia")).status, 401);
    held.resolve();
    assert.equal((await first).status, 200);

    await instance.stop();
    assert.equal((await get("/a/hello?name=Eva", { authorization })).headers.get("x-lab-fallback"), "true");
    assert.equal((await get("/a/hello?name=Eva")).status, 401);

    reset();
    const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await hello()).status));
    assert.deepEqual([...new Set(statuses)].sort(), [401, 429]);
    const refused = statuses.filter((status) => status === 401).length;
    await waitForResult(() => audited().length === 40);
    assert.equal(audited().filter(({ outcome }) => outcome === "missing").length, refused);
    const limited = audited().find(({ outcome }) => outcome === "rate_limited");
    assert.deepEqual(
      [limited?.subject, limited?.client, limited?.route, limited?.scope],
      [undefined, "127.0.0.1", "/a/hello", "hello"],
    );
  });

  it("is not required by a route with `scope: none`; the audit log has its requests, but not those of other paths", async (t) => {
    const text = "routes: [{path: /a/hello, upstream: service-a, scope: none}]";
    const { get, hello } = await start(t, { ROUTES_FILE: routesFile(t, text), RATE_LIMIT: "1" });
    reset();
    assert.deepEqual([(await hello()).status, (await hello("garbage")).status], [200, 429]);
    assert.deepEqual([(await get("/other")).status, (await get("/other")).status], [404, 429]);
    await waitForResult(() => loggedLines().filter(({ msg }) => msg === "request").length === 4);
    assert.deepEqual(
      audited().map(({ outcome, route, scope, client }) => [outcome, route, scope, client]),
      [
        ["not_required", "/a/hello", undefined, "127.0.0.1"],
        ["rate_limited", "/a/hello", undefined, "127.0.0.1"],
      ],
    );
  });

  it("has another audience, if AUTH_AUDIENCE says so", async (t) => {
    const { hello, token } = await start(t, { AUTH_AUDIENCE: "urn:mine" });
    assert.equal((await hello(await token({ aud: "urn:mine" }))).status, 200);
    assert.equal((await hello(await token())).status, 401);
  });

  it("is checked with the keys of AUTH_JWKS_URL, if it is set", async (t) => {
    const issuer = await startIssuer(t, rsa);
    const variables = { AUTH_JWKS_URL: `${issuer.url}/.well-known/jwks.json` };
    const { hello } = await startFor(t, { url: "http://127.0.0.1:1/issuer" }, variables);
    assert.equal((await hello(await sign(claimsOf("http://127.0.0.1:1/issuer"), rsa))).status, 200);
    assert.equal((await hello(await sign(claimsOf(issuer.url), rsa))).status, 401);
  });
});

/** A token that is refused, or a whole header that begins with a space. */
type Make = (issuer: string) => string | Promise<string>;
const changed =
  (changes: JWTPayload, key = rsa): Make =>
  (issuer) =>
    sign(claimsOf(issuer, changes), key);

const hs256: Make = async (issuer) => {
  const secret = await exportSPKI((await importJWK(rsa.jwk, "RS256")) as CryptoKey);
  const input = unsigned({ alg: "HS256", kid: "rsa" }, claimsOf(issuer)).slice(0, -1);
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
};

const REFUSED: readonly [what: string, outcome: string, make: Make][] = [
  ["has expired", "expired", changed({ exp: inSeconds(-10) })],
  ["is not valid yet", "not_yet_valid", changed({ nbf: inSeconds(60) })],
  ["is signed with another key of the same name", "bad_signature", changed({}, other)],
  [
    "has changed claims",
    "bad_signature",
    async (issuer) => {
      const [header, , signature] = (await sign(claimsOf(issuer, { scope: "" }), rsa)).split(".");
      const [, claims] = unsigned({}, claimsOf(issuer)).split(".");
      return `${header}.${claims}.${signature}`;
    },
  ],
  ["has the algorithm none", "unsupported", (issuer) => unsigned({ alg: "none" }, claimsOf(issuer))],
  [
    "has the algorithm None and a key",
    "unsupported",
    (issuer) => unsigned({ alg: "None", kid: "rsa" }, claimsOf(issuer), "AAAA"),
  ],
  ["is signed by HS256 with the public key", "unsupported", hs256],
  [
    "is signed by RS384",
    "unsupported",
    async (issuer) => sign(claimsOf(issuer), await makeKey("RS384", "rsa")),
  ],
  [
    "requires an unknown extension",
    "unsupported",
    (issuer) => unsigned({ alg: "RS256", kid: "rsa", crit: ["x"], x: 1 }, claimsOf(issuer), "AAAA"),
  ],
  [
    "brings its own key",
    "bad_signature",
    (issuer) => sign(claimsOf(issuer), other, { jwk: other.jwk, jku: "http://127.0.0.1:1/" }),
  ],
  ["has another audience", "wrong_audience", changed({ aud: "another" })],
  ["has no audience", "invalid_claim", changed({ aud: undefined } as unknown as JWTPayload)],
  ["has another issuer", "wrong_issuer", changed({ iss: "http://127.0.0.1:1" })],
  ["has no issuer", "invalid_claim", changed({ iss: undefined } as unknown as JWTPayload)],
  ["names an unknown key", "unknown_key", (issuer) => sign(claimsOf(issuer), { ...rsa, kid: "unknown" })],
  ["names a key of another type", "unknown_key", (issuer) => sign(claimsOf(issuer), { ...ec, kid: "rsa" })],
  ["is of another type", "unsupported", (issuer) => sign(claimsOf(issuer), rsa, { typ: "logout+jwt" })],
  ["is bound to a key of its client", "unsupported", changed({ cnf: { jkt: "x" } } as unknown as JWTPayload)],
  ["never expires", "invalid_claim", changed({ exp: undefined } as unknown as JWTPayload)],
  [
    "has a string as exp",
    "invalid_claim",
    (issuer) => sign({ ...claimsOf(issuer), exp: "2999-01-01" as unknown as number }, rsa),
  ],
  ["is empty", "malformed", () => " Bearer"],
  ["is garbage", "malformed", () => "not.a-token"],
  ["has claims that are not JSON", "malformed", () => "e30.e30xx.AAAA"],
  ["has a header that is not JSON", "malformed", () => "AAAA.e30.AAAA"],
  ["is very long", "malformed", changed({ padding: "x".repeat(9_000) })],
  ["is not a bearer token", "missing", () => " Basic dXNlcjpwYXNz"],
  ["is missing", "missing", () => " "],
];

/** The outcomes of tokens whose signature is valid, so that their subject is known. */
const SIGNED = ["expired", "not_yet_valid", "wrong_audience", "wrong_issuer", "invalid_claim"];

describe("a token is refused if it", () => {
  for (const [what, outcome, make] of REFUSED)
    it(what, async (t) => {
      const { issuer, get, instance } = await start(t);
      const made = await make(issuer.url);
      const authorization = made.startsWith(" ") ? made.trim() : `Bearer ${made}`;
      const count = () => sample(`gateway_auth_total{http_route="/a/hello",outcome="${outcome}"}`);
      const before = (await count()) ?? assert.fail("the series does not begin at 0");
      reset();
      const response = await get("/a/hello?name=Ana", { authorization });
      assert.equal(response.status, 401);
      assert.equal(instance.calls, 0);
      const kind = outcome === "missing" ? "token-required" : "invalid-token";
      assert.equal(problemOf(response).type, `urn:lgtm-lab:problem:${kind}`);
      const challenge = response.headers.get("www-authenticate") ?? "";
      assert.match(
        challenge,
        outcome === "missing"
          ? /^Bearer realm="lgtm-lab", scope="hello"$/
          : /^Bearer .*error="invalid_token"/,
      );

      const traceId = response.headers.get("x-trace-id");
      const logged = await line(({ msg }) => msg === "access refused");
      assert.deepEqual([logged.outcome, logged.trace_id, logged.level], [outcome, traceId, "warning"]);
      assert.equal(await count(), before + 1);
      const server = await span(({ name }) => name === "GET /a/hello");
      assert.equal(server.attributes["lab.auth"], outcome);
      assert.deepEqual(
        server.events.map(({ name, attributes }) => [name, attributes?.outcome]),
        [["auth.refused", outcome]],
      );
      await line(({ msg }) => msg === "request");
      await assertNothingOf(made, response);
      const { time, span_id, ...audited } = await line(({ log }) => log === "audit");
      assert.deepEqual(audited, {
        level: "info",
        trace_id: traceId,
        log: "audit",
        service_name: "unknown_service",
        ...(SIGNED.includes(outcome) && { subject: SUBJECT }),
        client: "127.0.0.1",
        method: "GET",
        route: "/a/hello",
        scope: "hello",
        outcome,
        msg: "access",
      });
    });

  it("does not have the scope of the route", async (t) => {
    for (const scope of [
      "numbers",
      "",
      "hello2 xhello",
      "HELLO",
      undefined,
      ["hello,numbers"],
      7,
      { hello: true },
    ]) {
      const { token, hello } = await start(t);
      const made = await token({ scope } as JWTPayload);
      reset();
      const response = await hello(made);
      assert.equal(response.status, 403, JSON.stringify(scope));
      const { type, detail } = problemOf(response);
      assert.equal(type, "urn:lgtm-lab:problem:insufficient-scope");
      assert.match(detail, /scope "hello"/);
      assert.match(
        response.headers.get("www-authenticate") ?? "",
        /error="insufficient_scope", scope="hello"/,
      );
      assert.equal((await line(({ msg }) => msg === "access refused")).outcome, "insufficient_scope");
      await assertNothingOf(made, response);
    }
  });

  it("is one of two Authorization headers", async (t) => {
    const { port, token } = await start(t);
    const [first, second] = [await token(), await token({ sub: "another" })];
    for (const authorizations of [
      [first, second],
      [first, "garbage"],
      ["garbage", first],
      [first, first],
    ]) {
      const lines = authorizations.map((each) => `Authorization: Bearer ${each}\r\n`).join("");
      assert.equal(await raw(port, lines), 401);
    }
    assert.equal(await raw(port, `Authorization: Bearer ${first}\r\n`), 200);
    assert.equal(await raw(port, `Authorization: Bearer ${first} ${second}\r\n`), 401);
  });

  it("is longer than all headers may be", async (t) => {
    const { port } = await start(t);
    assert.equal(await raw(port, `Authorization: Bearer ${"x".repeat(20_000)}\r\n`), 431);
  });
});

/** Sends a request with these header lines, byte for byte. Returns the status of the response. */
async function raw(port: number, lines: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /a/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`);
  return Number((await text(socket)).split(" ")[1]);
}

/** Checks that no part of a token is in the response, the log lines, the spans or the metrics. */
async function assertNothingOf(token: string, response: Response): Promise<void> {
  const spans = finishedSpans().map(({ name, attributes, events }) => ({ name, attributes, events }));
  const seen = [
    response.text,
    JSON.stringify([...response.headers]),
    JSON.stringify(loggedLines().filter(({ log }) => log !== "audit")),
    JSON.stringify(spans),
    await registry.metrics(),
  ];
  const audited = JSON.stringify(loggedLines().filter(({ log }) => log === "audit"));
  const parts = token
    .trim()
    .split(/[. ]/)
    .filter((each) => each.length > 6);
  for (const [index, where] of [...seen, audited].entries())
    for (const part of parts) assert.ok(!where.includes(part), `${part} in ${index}`);
  for (const [index, where] of seen.entries()) assert.ok(!where.includes(SUBJECT), `the subject in ${index}`);
}

it("health, metrics and the redirect to the console need no token", async (t) => {
  const { get } = await start(t);
  for (const [path, status] of [
    ["/healthz", 200],
    ["/readyz", 200],
    ["/metrics", 200],
    ["/", 302],
    ["/none", 404],
  ] as const)
    assert.equal((await get(path)).status, status, path);
});

it("a page of another origin can read why its request was refused", async (t) => {
  const { get } = await start(t);
  const { status, headers } = await get("/a/hello", { origin: "http://localhost:5173" });
  assert.equal(status, 401);
  assert.equal(headers.get("access-control-allow-origin"), "http://localhost:5173");
  assert.match(headers.get("access-control-expose-headers") ?? "", /WWW-Authenticate/);
});

const HOUR_S = 3_600;

/** Creates a verifier for an issuer. Times are short, so that a test sees keys become too old. */
function verifierOf(t: TestContext, { url }: Pick<TestIssuer, "url">, maxAgeS = HOUR_S): TokenVerifier {
  const verifier = new TokenVerifier({
    AUTH_ISSUER: url,
    AUTH_AUDIENCE: undefined,
    AUTH_JWKS_URL: undefined,
    AUTH_JWKS_MAX_AGE_S: maxAgeS,
    AUTH_SKEW_S: 0,
  });
  t.after(() => verifier.close());
  return verifier;
}

describe("the keys of the issuer", () => {
  it("are requested once, also by many requests at once", async (t) => {
    const issuer = await startIssuer(t, rsa, ec);
    const verifier = verifierOf(t, issuer);
    const tokens = await Promise.all([rsa, ec].map((key) => sign(claimsOf(issuer.url), key)));
    const checks = await Promise.all(
      Array.from({ length: 40 }, (_, n) => verifier.check(tokens[n % 2] ?? "", "hello")),
    );
    assert.deepEqual([...new Set(checks.map(({ outcome }) => outcome))], ["accepted"]);
    assert.equal(issuer.requests, 1);
  });

  it("are rotated: an unknown key causes one request, but not again for a while", async (t) => {
    const issuer = await startIssuer(t, rsa);
    const verifier = verifierOf(t, issuer);
    const token = await sign(claimsOf(issuer.url), ec);
    assert.equal((await verifier.check(token, "hello")).outcome, "unknown_key");
    issuer.keys = [rsa.jwk, ec.jwk];
    const flood = await Promise.all(Array.from({ length: 50 }, () => verifier.check(token, "hello")));
    assert.deepEqual([...new Set(flood.map(({ outcome }) => outcome))], ["unknown_key"]);
    assert.equal(issuer.requests, 1, "the keys had just been requested");
    await waitForResult(async () => (await verifier.check(token, "hello")).outcome === "accepted");
    assert.equal(issuer.requests, 2);
    issuer.keys = [ec.jwk];
    const unknown = await sign(claimsOf(issuer.url), { ...rsa, kid: "unknown" });
    await waitForResult(async () => (await verifier.check(unknown, "hello")) && issuer.requests === 3);
    assert.equal(
      (await verifier.check(await sign(claimsOf(issuer.url), rsa), "hello")).outcome,
      "unknown_key",
      "it was retired",
    );
  });

  it("are in use while the issuer is down: an unknown key is still a 401, and causes few requests", async (t) => {
    const issuer = await startIssuer(t, rsa);
    const verifier = verifierOf(t, issuer);
    const [known, unknown] = await Promise.all([
      sign(claimsOf(issuer.url), rsa),
      sign(claimsOf(issuer.url), { ...rsa, kid: "unknown" }),
    ]);
    const outcomeOf = async (token: string) => (await verifier.check(token, "hello")).outcome;
    assert.equal(await outcomeOf(known), "accepted");
    issuer.respond = (_, response) => response.writeHead(500).end();
    const outcomes = new Set<string>();
    await waitForResult(async () => {
      outcomes.add(await outcomeOf(unknown));
      return issuer.requests === 2;
    });
    const until = performance.now() + 1_000;
    while (performance.now() < until) outcomes.add(await outcomeOf(unknown));
    assert.deepEqual([...outcomes], ["unknown_key"]);
    assert.equal(issuer.requests, 2, "not again for a while after a failure");
    assert.equal(await outcomeOf(known), "accepted");
  });

  it("are requested again before they are too old, and not used any more when they are", async (t) => {
    const issuer = await startIssuer(t, rsa);
    const verifier = verifierOf(t, issuer, 1);
    const token = await sign(claimsOf(issuer.url), rsa);
    await waitForResult(() => issuer.requests >= 3);
    assert.equal((await verifier.check(token, "hello")).outcome, "accepted");
    assert.equal(await sample("gateway_auth_jwks_up"), 1);
    await issuer.stop();
    const stopped = performance.now();
    assert.equal((await verifier.check(token, "hello")).outcome, "accepted", "the keys are not too old yet");
    await waitForResult(async () => (await verifier.check(token, "hello")).outcome === "keys_unavailable");
    assert.ok(performance.now() - stopped < 3_000);
    assert.equal(await sample("gateway_auth_jwks_up"), 0);
    await issuer.restart();
    await waitForResult(async () => (await verifier.check(token, "hello")).outcome === "accepted");
    assert.equal(await sample("gateway_auth_jwks_up"), 1);
  });

  it("cannot be obtained at the start: a request gets a 503 with the cause in the log, until the issuer is back", async (t) => {
    const issuer = await startIssuer(t, rsa);
    await issuer.stop();
    const { hello } = await startFor(t, issuer);
    const token = await sign(claimsOf(issuer.url), rsa);
    reset();
    const response = await hello(token);
    assert.equal(response.status, 503);
    assert.equal(problemOf(response).type, "urn:lgtm-lab:problem:keys-unavailable");
    const failed = await line(({ msg }) => msg === "request failed");
    assert.match(JSON.stringify(failed.err), /ECONNREFUSED/);
    assert.equal(failed.trace_id, response.headers.get("x-trace-id"));
    await assertNothingOf(token, response);
    assert.equal((await hello("garbage")).status, 401, "this needs no key");
    await issuer.restart();
    await waitForResult(async () => (await hello(token)).status === 200);
  });

  for (const [what, why, respond] of [
    ["never responds", /timeout/, () => {}],
    ["responds with an error", /status 500/, (_request, response) => response.writeHead(500).end("{}")],
    ["redirects", /redirect/, (_request, response) => response.writeHead(302, { location: "/other" }).end()],
    ["sends no JSON", /not valid JSON/, (_request, response) => response.end("<html>")],
    ["sends no JWKS", /malformed/, (_request, response) => response.end('{"keys":{}}')],
    [
      "sends an endless response",
      /more than 262144 bytes/,
      (_request, response) => {
        const write = () =>
          void (response.destroyed || response.write(" ".repeat(65_536), () => setImmediate(write)));
        write();
      },
    ],
  ] as readonly [string, RegExp, TestIssuer["respond"]][])
    it(`cannot be obtained if the issuer ${what}: a token cannot be checked, after a bounded wait`, async (t) => {
      const issuer = await startIssuer(t, rsa);
      issuer.respond = respond;
      const verifier = verifierOf(t, issuer);
      const token = await sign(claimsOf(issuer.url), rsa);
      const begun = performance.now();
      const checks = await Promise.all(Array.from({ length: 10 }, () => verifier.check(token, "hello")));
      assert.deepEqual([...new Set(checks.map(({ outcome }) => outcome))], ["keys_unavailable"]);
      assert.ok(performance.now() - begun < 3_000, `${performance.now() - begun} ms`);
      assert.match(String(checks[0]?.cause), why);
      assert.equal((await verifier.check(token, "hello")).outcome, "keys_unavailable");
      assert.equal(issuer.requests, 1, "soon after a failure there is no further request");
      issuer.respond = undefined;
      await waitForResult(async () => (await verifier.check(token, "hello")).outcome === "accepted");
    });

  it("that cannot be used do not cause an error", async (t) => {
    const issuer = await startIssuer(t);
    issuer.keys = [
      { ...rsa.jwk, n: "AQAB" },
      { kty: "EC", crv: "P-256", x: "AAAA", y: "AAAA", kid: "ec", alg: "ES256" },
      { kty: "oct", k: "AAAA", kid: "oct" },
    ];
    const verifier = verifierOf(t, issuer);
    for (const key of [rsa, ec])
      assert.equal(
        (await verifier.check(await sign(claimsOf(issuer.url), key), "hello")).outcome,
        "unknown_key",
        key.alg,
      );
  });
});

describe("an overloaded route", () => {
  const ONE_WAITS = "routes: [{path: /a/hello, upstream: service-a, in_flight: {running: 1, waiting: 1}}]";

  /** Asserts that a request is shed, whatever its token is. */
  function assertShed(response: Response): void {
    assert.equal(response.status, 503);
    assert.equal(problemOf(response).type, "urn:lgtm-lab:problem:overloaded");
    assert.match(response.headers.get("retry-after") ?? "", /^[1-9]\d?$/);
    assert.equal(response.headers.get("www-authenticate"), null);
  }

  it("rejects requests before their tokens are checked, without a line in the audit log", async (t) => {
    const { hello, token, instance } = await start(t, { ROUTES_FILE: routesFile(t, ONE_WAITS) });
    const held = Promise.withResolvers<void>();
    instance.behaviour = { until: held.promise };
    const made = await token();
    const accepted = () => sample('gateway_auth_total{http_route="/a/hello",outcome="accepted"}');
    const before = (await accepted()) ?? 0;
    const both = [hello(made), hello(made)];
    await waitForResult(async () => (await accepted()) === before + 2);
    const checks = async () =>
      (await registry.metrics()).split("\n").filter((each) => each.startsWith("gateway_auth_total{"));
    const counts = await checks();
    reset();
    for (const given of [made, "garbage", undefined]) assertShed(await hello(given));
    await waitForResult(() => loggedLines().filter(({ msg }) => msg === "request failed").length === 3);
    assert.deepEqual(await checks(), counts);
    assert.deepEqual(audited(), []);
    held.resolve();
    for (const response of both) assert.equal((await response).status, 200);
    assert.equal((await hello()).status, 401);
  });

  it("counts requests that wait for the keys as waiting, so their number is bounded", async (t) => {
    const issuer = await startIssuer(t, rsa);
    issuer.respond = () => {};
    const { hello } = await startFor(t, issuer, { ROUTES_FILE: routesFile(t, ONE_WAITS) });
    const token = await sign(claimsOf(issuer.url), rsa);
    const responses = await Promise.all([hello(token), hello(token), hello(token)]);
    const shed = responses.filter(({ headers }) => headers.has("retry-after"));
    assert.equal(shed.length, 1);
    for (const response of shed) assertShed(response);
    for (const response of responses)
      if (!shed.includes(response))
        assert.equal(problemOf(response).type, "urn:lgtm-lab:problem:keys-unavailable");
    assert.equal((await hello()).status, 401, "a refusal keeps no place");
  });
});

describe("any token", () => {
  const header = fc.record(
    {
      alg: fc.constantFrom("none", "HS256", "RS256", "ES256", "EdDSA", "PS256", "", "RS256 "),
      kid: fc.constantFrom("rsa", "ec", "ed", "unknown", "__proto__"),
      typ: fc.constantFrom("JWT", "at+jwt"),
      crit: fc.constantFrom(["b64"], ["exp"], []),
      b64: fc.boolean(),
      jku: fc.webUrl(),
    },
    { requiredKeys: [] },
  );
  const parts = fc.tuple(
    fc.oneof(header, fc.jsonValue()),
    fc.oneof(fc.constant("valid"), fc.jsonValue()),
    fc.uint8Array({ maxLength: 300 }),
  );

  it("that the issuer did not sign is refused, and no error is thrown", async (t) => {
    const issuer = await startIssuer(t, rsa, ec, ed);
    const verifier = verifierOf(t, issuer);
    await fc.assert(
      fc.asyncProperty(parts, async ([head, claims, signature]) => {
        const payload = claims === "valid" ? claimsOf(issuer.url) : claims;
        const token = unsigned(head, payload, Buffer.from(signature).toString("base64url"));
        assert.notEqual((await verifier.check(token, "hello")).outcome, "accepted");
      }),
      { numRuns: 500 },
    );
  });

  it("with one changed character is refused", async (t) => {
    const issuer = await startIssuer(t, rsa, ec, ed);
    const verifier = verifierOf(t, issuer);
    const tokens = await Promise.all([rsa, ec, ed].map((key) => sign(claimsOf(issuer.url), key)));
    const character = fc.constantFrom(..."ABCxyz019-_.");
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...tokens), fc.nat(), character, async (token, at, character) => {
        const index = at % (token.length - 1); // the last character has bits that are not used
        fc.pre(token[index] !== character);
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        assert.notEqual((await verifier.check(changed, "hello")).outcome, "accepted");
      }),
      { numRuns: 500 },
    );
  });

  it("in any header gets a 401", async (t) => {
    const { app, token } = await start(t);
    const valid = await token();
    const value = fc.oneof(
      fc.string({ unit: "binary-ascii", maxLength: 100 }),
      fc.string({ maxLength: 100 }).map((rest) => `Bearer ${rest}`),
      fc.string({ minLength: 1, maxLength: 20 }).map((rest) => `Bearer ${valid}${rest}`),
      parts.map(([head, claims]) => `Bearer ${unsigned(head, claims, "AAAA")}`),
    );
    const isHeader = (text: string) => {
      try {
        return new Headers({ authorization: text }).get("authorization")?.trim() !== `Bearer ${valid}`;
      } catch {
        return false;
      }
    };
    await fc.assert(
      fc.asyncProperty(value.filter(isHeader), async (authorization) => {
        const { status } = await app.request("/a/hello", { headers: { authorization } });
        assert.equal(status, 401, authorization);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the fault token-storm", () => {
  it("sends requests that are refused for several reasons, until it ends; others are answered", async (t) => {
    const { hello, token, port } = await start(t);
    const refused = async () => {
      const outcomes = ["malformed", "unsupported", "unknown_key"];
      const counts = outcomes.map((outcome) =>
        sample(`gateway_auth_total{http_route="/a/hello",outcome="${outcome}"}`),
      );
      return (await Promise.all(counts)).map((count) => count ?? 0);
    };
    const before = await refused();
    const end = startTokenStorm(
      { HOST: "0.0.0.0", PORT: port, serverTls: undefined },
      [{ path: "/a/hello", scope: "hello", methods: ["GET"] }],
      {
        per_second: 100,
      },
    );
    t.after(end);
    await waitForResult(async () => (await refused()).every((count, index) => count > (before[index] ?? 0)));
    assert.equal((await hello(await token())).status, 200);
    end();
    const sum = async () => (await refused()).reduce((total, count) => total + count);
    // The requests that were running have ended, and none follows while 30 others are answered.
    await waitForResult(async () => {
      const before = await sum();
      for (let index = 0; index < 30; index += 1) assert.equal((await hello(await token())).status, 200);
      return (await sum()) === before;
    });
  });
});
