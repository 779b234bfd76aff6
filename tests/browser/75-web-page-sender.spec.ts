import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@playwright/test";
import { env } from "./support/env.ts";

// A page of another origin than the collector's, like a developer's web application.
const web = createServer((_, response) =>
  response.setHeader("content-type", "text/html").end("<h1>A web application</h1>"),
);
test.beforeAll(() => new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve)));
test.afterAll(() => {
  web.closeAllConnections();
  web.close();
});

for (const host of ["127.0.0.1", "localhost"])
  test(`a web page on http://${host} sends a span, which reaches Tempo`, async ({ page, request }) => {
    const { port } = web.address() as AddressInfo;
    await page.goto(`http://${host}:${port}/`);
    const traceId = randomBytes(16).toString("hex");
    const now = `${Date.now()}000000`;
    const span = {
      traceId,
      spanId: randomBytes(8).toString("hex"),
      name: "click",
      kind: 3,
      startTimeUnixNano: now,
      endTimeUnixNano: now,
    };
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "web-page" } }] };
    const message = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
    // Both headers cause a preflight. The browser sends nothing if the collector does not allow them and the page's origin.
    const status = await page.evaluate(
      async ([url, body]) => {
        const headers = { "content-type": "application/json", "x-api-key": "any" };
        return (await fetch(`${url}/v1/traces`, { method: "POST", headers, body })).status;
      },
      [env.OTLP_URL, JSON.stringify(message)] as const,
    );
    expect(status).toBe(200);
    await expect
      .poll(async () => (await request.get(`${env.TEMPO_URL}/api/traces/${traceId}`)).status())
      .toBe(200);
  });
