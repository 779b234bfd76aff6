import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { problemResponse, toProblem } from "../problem.ts";
import { parseJson, readJsonBody, requireJson } from "./json-body.ts";

/** Routes that return the parsed body. */
const app = new Hono();
app.post("/read", async (c) => c.json({ body: await readJsonBody(c) }));
app.post("/any-type", async (c) => c.json({ body: await readJsonBody(c, { anyType: true }) }));
app.post("/require", requireJson(), (c) => c.text("answered"));
app.onError((error) => problemResponse(toProblem(error)));

async function post(path: string, text: string, type?: string): Promise<Response> {
  const headers = type === undefined ? {} : { "content-type": type };
  const body = new TextEncoder().encode(text); // a string would get a content type
  return await app.request(path, { method: "POST", body, headers });
}

/** Checks that a response is a problem document of this status. Returns its detail. */
async function problem(response: Response, status: number): Promise<string> {
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  return ((await response.json()) as { detail: string }).detail;
}

const TYPES = ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=utf-8"];
for (const type of TYPES)
  test(`a body of the type ${type} is parsed`, async () => {
    const response = await post("/read", '{"name":"Ana","of":[1,null]}', type);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { body: { name: "Ana", of: [1, null] } });
    assert.equal((await post("/require", "{}", type)).status, 200);
  });

const OTHERS = ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", ""];
for (const type of [undefined, ...OTHERS]) {
  const got = type === undefined ? "no content type" : `"${type}"`;
  test(`a body is rejected with 415, even if it is JSON: ${got}`, async () => {
    const expected = `The body must be application/json (got ${got}).`;
    assert.equal(await problem(await post("/read", "{}", type), 415), expected);
    assert.equal(await problem(await post("/require", "{}", type), 415), expected);
  });
}

test("a route that accepts every content type parses the body", async () => {
  for (const type of [undefined, ...OTHERS]) {
    const response = await post("/any-type", '{"for_ms":1}', type);
    assert.equal(response.status, 200, type);
    assert.deepEqual(await response.json(), { body: { for_ms: 1 } });
  }
});

for (const path of ["/read", "/any-type"])
  test(`an empty body is an empty object, without a content type too: ${path}`, async () => {
    const response = await post(path, "");
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { body: {} });
  });

for (const text of ["{", "{'a': 1}", "undefined", "{}{}", " "])
  test(`a body that is not JSON is rejected with 400: ${JSON.stringify(text)}`, async () => {
    for (const path of ["/read", "/any-type"])
      assert.match(await problem(await post(path, text, "application/json"), 400), /body.*must be JSON/);
  });

test("text that is not JSON is an error that names the body", () => {
  assert.deepEqual(parseJson("[1]"), [1]);
  assert.throws(() => parseJson("[1"), {
    name: "InvalidParamsError",
    errors: [{ field: "body", value: "[1", rule: "must be JSON" }],
  });
});
