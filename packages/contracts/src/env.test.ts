import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { hostVariable, httpUrlVariable, listVariable, portVariable, readVariables } from "./env.ts";

const schema = v.object({
  HOST: hostVariable,
  PORT: portVariable(8080),
  URL: v.optional(httpUrlVariable, "http://127.0.0.1:3000"),
  NAMES: listVariable,
});

test("a variable that is missing or empty has its default", () => {
  const defaults = { HOST: "127.0.0.1", PORT: 8080, URL: "http://127.0.0.1:3000", NAMES: [] };
  assert.deepEqual(readVariables(schema, {}), defaults);
  assert.deepEqual(readVariables(schema, { HOST: "", PORT: "", URL: "", NAMES: "" }), defaults);
});

test("values are read", () => {
  const variables = { HOST: "0.0.0.0", PORT: "0", URL: "https://a.example/x", NAMES: "a,b," };
  assert.deepEqual(readVariables(schema, variables), { ...variables, PORT: 0, NAMES: ["a", "b"] });
});

for (const [name, value, rule] of [
  ["PORT", "abc", "a port number, 0 to 65535"],
  ["PORT", "-1", "a port number, 0 to 65535"],
  ["PORT", "65536", "a port number, 0 to 65535"],
  ["PORT", "0x50", "a port number, 0 to 65535"],
  ["PORT", "1e3", "a port number, 0 to 65535"],
  ["URL", "127.0.0.1:3000", "an http or https URL such as http://127.0.0.1:8080"],
  ["URL", "ftp://a.example", "an http or https URL such as http://127.0.0.1:8080"],
] as const)
  test(`${name}=${value} is rejected with a complete sentence`, () => {
    const message = `${name}=${value} is not valid: it must be ${rule}.`;
    assert.throws(() => readVariables(schema, { [name]: value }), { message });
  });

for (const [name, value, visible] of [
  ["URL", "htp://me:s3cret@a.example/x", "htp://***@a.example/x"],
  ["URL", "me:s3cret@a.example:3000", "***@a.example:3000"],
  ["URL", "ftp://a.example/x?key=s3cret", "ftp://a.example/x?***"],
  ["URL", "ftp://me:s3@cret@a.example\n", "ftp://***@a.example "],
  ["PORT", "http://me:s3cret@a.example:3000", "http://***@a.example:3000"],
] as const)
  test(`the message about ${name}=${visible.trim()} contains no credentials`, () => {
    assert.throws(
      () => readVariables(schema, { [name]: value }),
      ({ message }: Error) => message.startsWith(`${name}=${visible} is not valid`) && !/s3/.test(message),
    );
  });
