import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@playwright/test";
import { env } from "./support/env.ts";

// A page of another origin than the gateway's, as the original lab's page is.
const web = createServer(({ url }, response) => {
  // In a sandbox a page has the origin "null", which is in no list.
  if (url === "/sandbox") response.setHeader("content-security-policy", "sandbox allow-scripts");
  response.setHeader("content-type", "text/html").end("<h1>A web application</h1>");
});
test.beforeAll(() => new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve)));
test.afterAll(() => {
  web.closeAllConnections();
  web.close();
});
const pageOf = (host: string) => `http://${host}:${(web.address() as AddressInfo).port}/`;

for (const host of ["127.0.0.1", "localhost"])
  test(`a page of http://${host} calls the gateway: response, trace id, error and stream`, async ({
    page,
  }) => {
    await page.goto(pageOf(host));
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const read = await page.evaluate(
      async ([gateway, id]) => {
        // This header causes a preflight.
        const headers = { traceparent: `00-${id}-b7ad6b7169203331-01` };
        const hello = await fetch(`${gateway}/A/Hello/?name=Ana`, { headers });
        const wrong = await fetch(`${gateway}/b/numbers?count=0`);
        const problem = (await wrong.json()) as { type: string };
        const values = await new Promise<string[]>((resolve, reject) => {
          const seen: string[] = [];
          const stream = new EventSource(`${gateway}/B/NUMBERS/?count=3`);
          stream.addEventListener("number", (event) => seen.push((event as MessageEvent).data));
          stream.addEventListener("end", () => {
            stream.close();
            resolve(seen);
          });
          stream.onerror = () => reject(new Error("the stream broke"));
        });
        return {
          hello: await hello.json(),
          traceId: hello.headers.get("x-trace-id"),
          wrong: [wrong.status, problem.type],
          values,
        };
      },
      [env.GATEWAY_URL, traceId] as const,
    );
    expect(read.hello).toEqual({ from: "A", message: "Olá, Ana! [A]" });
    expect(read.traceId).toBe(traceId);
    expect(read.wrong).toEqual([400, "urn:lgtm-lab:problem:invalid-parameter"]);
    expect(read.values).toEqual(['{"value":1}', '{"value":2}', '{"value":3}']);
  });

test("a page of another origin cannot read a response", async ({ page }) => {
  await page.goto(`${pageOf("127.0.0.1")}sandbox`);
  const read = await page.evaluate(async (gateway) => {
    const url = `${gateway}/a/hello`;
    // The request reaches the gateway: without CORS the browser sends it and hides the response.
    const { type } = await fetch(url, { mode: "no-cors" });
    return [type, await fetch(url).then(() => "a response", String)];
  }, env.GATEWAY_URL);
  expect(read).toEqual(["opaque", "TypeError: Failed to fetch"]);
});
