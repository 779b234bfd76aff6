import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { Hono, type MiddlewareHandler } from "hono";
import { problemResponse, toProblem } from "../problem.ts";
import { requireHeader, requireHost, requireShortRequest } from "./guards.ts";
import { startHttpServer } from "./server.ts";

/** Returns an app with one route behind a guard. */
function guarded(guard: MiddlewareHandler): Hono {
  const app = new Hono();
  app.use(guard);
  app.get("/", (c) => c.text("answered"));
  app.onError((error) => problemResponse(toProblem(error)));
  return app;
}

const OWN = guarded(requireHost(["127.0.0.1:8000", "localhost"]));

/** Sends a request with a Host header, and with the host of the URL in its target. */
const ask = (host: string | undefined, target = "http://localhost/") =>
  OWN.request(target, { headers: host === undefined ? {} : { host } });

for (const [host, why] of [
  ["127.0.0.1:8000", "it is in the list"],
  ["localhost", "it is in the list"],
  ["localhost:9000", "a name without a port is allowed with any port"],
  ["LOCALHOST:9000", "case does not matter"],
] as const)
  test(`the host ${host} is allowed: ${why}`, async () => {
    const response = await ask(host);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "answered");
  });

for (const [host, why] of [
  [undefined, "it is missing"],
  ["", "it is empty"],
  ["evil.example", "it is not in the list"],
  ["evil.example:8000", "it is not in the list"],
  ["127.0.0.1", "its port differs"],
  ["127.0.0.1:8001", "its port differs"],
  ["127.0.0.1:8000.evil.example", "it only begins like an allowed host"],
  ["evil.localhost", "it only ends like an allowed host"],
  ["localhost:8000, evil.example", "it names two hosts"],
] as const)
  test(`the host "${host ?? ""}" is rejected: ${why}`, async () => {
    const response = await ask(host);
    assert.equal(response.status, 421);
    const { type, detail } = (await response.json()) as { type: string; detail: string };
    assert.equal(type, "urn:lgtm-lab:problem:misdirected-request");
    assert.equal(detail, `Host "${host?.toLowerCase() ?? ""}" is not allowed. Use 127.0.0.1:8000.`);
  });

test("a foreign host in the request target is rejected, even if the Host header is allowed", async () => {
  assert.equal((await ask("localhost", "http://evil.example/")).status, 421);
  assert.equal((await ask("localhost", "http://127.0.0.1:8000/")).status, 200);
});

const WITH_TOKEN = guarded(
  requireHeader("x-token", "secret", () => new Response("who are you?", { status: 401 })),
);

test("a request with the required header is answered", async () => {
  assert.equal(
    await (await WITH_TOKEN.request("/", { headers: { "X-Token": "secret" } })).text(),
    "answered",
  );
});

for (const [what, headers] of [
  ["no header", {}],
  ["an empty value", { "x-token": "" }],
  ["another value of the same length", { "x-token": "sEcret" }],
  ["the beginning of the value", { "x-token": "secre" }],
  ["a longer value", { "x-token": "secrets" }],
  ["the value in another header", { "x-other": "secret" }],
] as const)
  test(`a request with ${what} gets the response of the refusal`, async () => {
    const response = await WITH_TOKEN.request("/", { headers });
    assert.equal(response.status, 401);
    assert.equal(await response.text(), "who are you?");
  });

/** Sends bytes to a server with the guard, and returns all that it responds until it closes the connection. */
async function exchange(bytes: string): Promise<string> {
  const server = await startHttpServer(guarded(requireShortRequest()), "127.0.0.1", 0);
  const socket = connect(server.port, "127.0.0.1").setEncoding("latin1");
  socket.write(bytes);
  const received = (await Array.fromAsync(socket)).join("");
  await server.drain(AbortSignal.timeout(100));
  return received;
}

const NEXT = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

for (const [what, headers, content] of [
  ["a length", "Content-Length: 4", "data"],
  ["a length, but has not arrived", "Content-Length: 1000000", "d"],
  ["chunks", "Transfer-Encoding: chunked", "4\r\ndata\r\n0\r\n\r\n"],
] as const)
  for (const method of ["GET", "HEAD"])
    test(`the content of a ${method} request with ${what} is rejected, and the connection is closed`, async () => {
      const received = await exchange(
        `${method} / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${content}${NEXT}`,
      );
      assert.match(received, /^HTTP\/1\.1 413 /);
      assert.match(received, /\r\nconnection: close\r\n/i);
      assert.equal(received.split("HTTP/1.1").length, 2, "what follows is not read as a request");
    });

test("an empty content is allowed", async () => {
  const received = await exchange(`GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n${NEXT}`);
  assert.equal(received.match(/HTTP\/1\.1 200 /g)?.length, 2);
});

test("a path and query of 8192 characters are allowed, and no more", async () => {
  const target = (length: number) => `/?${"x".repeat(length - 2)}`;
  const get = (length: number) => exchange(NEXT.replace("/ ", `${target(length)} `));
  assert.match(await get(8_192), /^HTTP\/1\.1 200 /);
  const received = await get(8_193);
  assert.match(received, /^HTTP\/1\.1 414 /);
  assert.match(received, /urn:lgtm-lab:problem:uri-too-long.*8193/);
});
