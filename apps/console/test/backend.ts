import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener } from "node:http";
import type { TestContext } from "node:test";
import { problemDocument } from "@lgtm-lab/contracts";
import * as v from "valibot";
import { startBackend, testConsole } from "./console.ts";

export const OK = '{"status":"success","data":[]}';

/**
 * Creates a console whose four backends are one server with this listener. `requests` contains the requests that the
 * server received.
 */
export async function withBackend(test: TestContext, listener?: RequestListener, proxy = {}) {
  const requests: IncomingMessage[] = [];
  const address = await startBackend(test, (request, response) => {
    requests.push(request);
    if (listener) return listener(request, response);
    response.setHeader("content-type", "application/json; charset=utf-8");
    response.setHeader("set-cookie", "a=b");
    response.setHeader("x-secret", "internal");
    response.end(OK);
  });
  const urls = Object.fromEntries(
    ["PROMETHEUS_URL", "CONSOLE_LOKI_URL", "TEMPO_URL", "ALERTMANAGER_URL"].map((name) => [name, address]),
  );
  return { ...testConsole(test, { ...urls, proxy }), requests, address };
}

/** Reads the problem document of a response and checks the status. */
export async function problemOf(response: Response, status: number) {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const document = v.parse(problemDocument, await response.json());
  assert.equal(response.status, status, document.detail);
  return document;
}
