import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { freePort } from "../test/collector.ts";
import { durationMs, reset, sample, span, waitForResult } from "../test/in-memory.ts";
import { initFetchRoutes, observedFetch } from "./fetch.ts";

const server = createServer((request, response) => {
  response.statusCode = Number(request.url?.slice(1)) || 200;
  if (request.url === "/stalls") response.write("a");
  else if (request.url === "/slow-body") {
    response.write("a");
    setTimeout(() => response.end("b"), 80);
  } else response.end("done");
});
let base = "";
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(reset);

const series = (suffix: string, route: string, status: string | number) =>
  sample(
    `http_client_request_duration_seconds_${suffix}{http_request_method="GET",http_route="${route}",http_response_status_code="${status}"}`,
  );
const counted = (route: string, status: string | number) =>
  waitForResult(async () => (await series("count", route, status)) === 1);

test("a known route starts at 0", async () => {
  initFetchRoutes([{ route: "/known" }]);
  assert.equal(await series("count", "/known", 200), 0);
  assert.equal(await series("count", "/known", 503), 0);
  for (const outcome of ["timeout", "aborted", "error"])
    assert.equal(await series("count", "/known", outcome), 0, outcome);
});

test("a request is measured to the end of its body, and its span has the route in its name", async () => {
  const response = await observedFetch(`${base}/slow-body`, { route: "/slow-body" });
  assert.equal(await series("count", "/slow-body", 200), undefined, "only the headers have arrived");
  await response.text();
  await counted("/slow-body", 200);
  const seconds = Number(await series("sum", "/slow-body", 200));
  assert.ok(seconds >= 0.075, `measured ${seconds} s of 0.08`);
  const finished = await span(({ name }) => name === "GET /slow-body");
  assert.ok(durationMs(finished) >= 75);
  assert.equal(finished.attributes["url.template"], "/slow-body");
});

test("an error response is labelled with its status", async () => {
  await (await observedFetch(`${base}/503`, { route: "/busy" })).text();
  await counted("/busy", 503);
});

test("without a response in time the status is timeout, also if only the body is late", async () => {
  const response = await observedFetch(`${base}/stalls`, {
    route: "/stalls",
    signal: AbortSignal.timeout(60),
  });
  await assert.rejects(response.text(), { name: "TimeoutError" });
  await counted("/stalls", "timeout");
});

test("a request that its caller aborts has the status aborted", async () => {
  const leaving = new AbortController();
  const response = await observedFetch(`${base}/stalls`, { route: "/left", signal: leaving.signal });
  leaving.abort();
  await assert.rejects(response.text(), { name: "AbortError" });
  await counted("/left", "aborted");
});

test("a refused connection is an error", async () => {
  await assert.rejects(observedFetch(`http://127.0.0.1:${await freePort()}/`, { route: "/gone" }));
  await counted("/gone", "error");
});

test("a plain fetch is not measured", async () => {
  const before = await series("count", "/busy", 503);
  await (await fetch(`${base}/503`)).text();
  assert.equal(await series("count", "/busy", 503), before);
});
