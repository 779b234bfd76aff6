import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LIMITS } from "./limits.ts";
import {
  InvalidParamsError,
  parseHelloQuery,
  parseHelloRequest,
  parseNumbersQuery,
  parseStreamRequest,
} from "./parse.ts";
import { callBudgetMs, type NumbersParams, requestedStreamMs } from "./requests.ts";

const assertRejected = (run: () => unknown, field: string, value: string, rule: RegExp) =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof InvalidParamsError);
    const fields = error.errors.map((each) => each.field);
    assert.deepEqual(fields, [...new Set(fields)], "each field once");
    const found = error.errors.find((each) => each.field === field);
    assert.ok(found, `no error for ${field}: ${error.message}`);
    assert.equal(found.value, value);
    assert.match(found.rule, rule);
    return true;
  });

describe("the query of /a/hello", () => {
  for (const [query, name] of [
    ["", "mundo"],
    ["name=", "mundo"],
    ["name=Ana", "Ana"],
    ["name=Jo%C3%A3o+da%20Silva", "João da Silva"],
    ["other=%FF&name=Ana", "Ana"],
    [`name=${"%F0%9F%98%80".repeat(LIMITS.nameMaxLength)}`, "😀".repeat(LIMITS.nameMaxLength)],
    ["name=a%3Db=c", "a=b=c"],
  ] as const) {
    it(`accepts ${query.slice(0, 40) || "an empty query"}`, () =>
      assert.equal(parseHelloQuery(query).name, name));
  }

  const long = "x".repeat(LIMITS.nameMaxLength + 1);
  it("rejects a long name", () =>
    assertRejected(() => parseHelloQuery(`name=${long}`), "name", long, /at most 256/));
  it("rejects a repeated field", () =>
    assertRejected(() => parseHelloQuery("name=a&name=b"), "name", "b", /once/));
  for (const bad of ["%FF", "%", "%zz", "%C3%28", "%ED%A0%80"]) {
    it(`rejects ${bad}`, () => assertRejected(() => parseHelloQuery(`name=${bad}`), "name", bad, /UTF-8/));
  }
});

describe("the query of /b/numbers", () => {
  it("has defaults", () => assert.deepEqual(parseNumbersQuery(""), { count: 5, delay_ms: 0 }));
  it("accepts both fields", () =>
    assert.deepEqual(parseNumbersQuery("count=10&delay_ms=5"), { count: 10, delay_ms: 5 }));
  for (const bad of [
    "0",
    "",
    "-1",
    "+5",
    "0x10",
    "1e3",
    "1.5",
    "5 ",
    "10001",
    "99999999999999999999",
    "NaN",
    "٣",
  ]) {
    const sent = encodeURIComponent(bad);
    it(`rejects count=${bad}`, () =>
      assertRejected(() => parseNumbersQuery(`count=${sent}`), "count", bad, /whole number from 1 to 10000/));
  }
  for (const bad of ["", "-1", "60001", "0x1", "1e1", "0.5"]) {
    it(`rejects delay_ms=${bad}`, () =>
      assertRejected(
        () => parseNumbersQuery(`delay_ms=${bad}`),
        "delay_ms",
        bad,
        /whole number from 0 to 60000/,
      ));
  }
  it("rejects a repeated field", () =>
    assertRejected(() => parseNumbersQuery("count=1&count=1"), "count", "1", /once/));
  it("limits the duration of the stream", () =>
    assertRejected(() => parseNumbersQuery("count=10&delay_ms=6667"), "delay_ms", "6667", /60003 ms/));
  it("accepts the longest stream", () =>
    assert.equal(requestedStreamMs(parseNumbersQuery("count=2&delay_ms=60000")), 60_000));
});

describe("a StreamRequest", () => {
  it("has no default count", () =>
    assertRejected(() => parseStreamRequest({ count: 0, delayMs: 0 }), "count", "0", /from 1/));
});

describe("the budget of a call", () => {
  it("is the requested duration and 2 s", () =>
    assert.equal(callBudgetMs({ count: 11, delay_ms: 100 }), 3_000));
  it("is 2 s for a unary call", () => assert.equal(callBudgetMs(), 2_000));
});

describe("any input", () => {
  const number = fc.oneof(fc.integer(), fc.double(), fc.integer({ min: 0, max: 20_000 }));
  const fieldValue = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), number.map(String));
  const fields = fc.array(fc.tuple(fc.constantFrom("name", "count", "delay_ms"), fieldValue), {
    maxLength: 3,
  });
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 600 }),
    fields.map((pairs) => new URLSearchParams(pairs).toString()),
  );
  for (const [what, parse] of [
    ["query of /a/hello", text.map((query) => () => parseHelloQuery(query))],
    ["query of /b/numbers", text.map((query) => () => parseNumbersQuery(query))],
    ["HelloRequest", text.map((name) => () => parseHelloRequest({ name }))],
    [
      "StreamRequest",
      fc.tuple(number, number).map(
        ([count, delayMs]) =>
          () =>
            parseStreamRequest({ count, delayMs }),
      ),
    ],
  ] as const)
    it(`as ${what} is either used within the limits or rejected with its reason`, () => {
      fc.assert(
        fc.property(parse, (run) => {
          try {
            const {
              name = "",
              count = 1,
              delay_ms = 0,
            } = run() as { name?: string } & Partial<NumbersParams>;
            assert.ok([...name].length <= LIMITS.nameMaxLength && count >= 1 && count <= LIMITS.countMax);
            assert.ok(delay_ms >= 0 && delay_ms <= LIMITS.delayMsMax);
            assert.ok(requestedStreamMs({ count, delay_ms }) <= LIMITS.streamMsMax);
          } catch (error) {
            if (!(error instanceof InvalidParamsError)) throw error;
            assert.ok(error.errors.length > 0);
          }
        }),
        { numRuns: 500 },
      );
    });
});
