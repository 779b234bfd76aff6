import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { corsOrigins } from "./origins.ts";

const allowed = (list: string | undefined, origin: string) => v.parse(corsOrigins, list)(origin);

for (const list of [undefined, "", " "])
  test(`${JSON.stringify(list)} allows any port of this machine over http and no other origin`, () => {
    for (const host of ["localhost", "127.0.0.1", "[::1]"])
      for (const port of ["", ":1", ":3000", ":5173", ":65535"])
        assert.ok(allowed(list, `http://${host}${port}`), `http://${host}${port}`);
    for (const other of [
      "null",
      "*",
      "",
      "http://localhost.example.org",
      "http://localhost:80.example.org",
      "http://localhost:3000@example.org",
      "http://localhost:",
      "http://localhost:*",
      "http://127.0.0.2:3000",
      "http://127.0.0.10",
      "https://localhost:3000",
      "http://example.org",
      "file://",
    ])
      assert.equal(allowed(list, other), false, other);
  });

test("an entry allows only its own origin; case, a trailing slash and the default port do not matter", () => {
  const list = "https://lab.example.org, HTTP://Localhost:5173/,http://example.org:80";
  for (const origin of ["https://lab.example.org", "http://localhost:5173", "http://example.org"])
    assert.ok(allowed(list, origin), origin);
  for (const origin of ["https://lab.example.org:444", "http://lab.example.org", "http://localhost:5174"])
    assert.equal(allowed(list, origin), false, origin);
});

test("the port * allows any port of a host over https", () => {
  assert.ok(allowed("https://lab.example.org:*", "https://lab.example.org"));
  assert.ok(allowed("https://lab.example.org:*", "https://lab.example.org:8443"));
  assert.equal(allowed("https://lab.example.org:*", "https://x.lab.example.org"), false);
});

test("none allows no origin", () => assert.equal(allowed("none", "http://localhost:3000"), false));

for (const list of [
  "*",
  "null",
  "localhost",
  "localhost:3000",
  "http://*",
  "http://*:3000",
  "http://*.example.org",
  "http://localhost:99999",
  "http://localhost/page",
  "http://user@localhost",
  "ftp://localhost",
  "http://localhost:3000,",
  "http://a http://b",
  "none,http://localhost:3000",
])
  test(`${list} is rejected with one message`, () => {
    const { issues = [] } = v.safeParse(corsOrigins, list);
    assert.equal(issues.length, 1);
    assert.match(issues[0]?.message ?? "", /^a comma-separated list of origins such as http:\/\//);
  });
