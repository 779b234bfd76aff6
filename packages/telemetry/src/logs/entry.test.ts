import assert from "node:assert/strict";
import { test } from "node:test";
import { entryOf, lineOf, META_KEY } from "./entry.ts";

const IDS = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };
const FORGED = { trace_id: "f".repeat(32), span_id: "e".repeat(16) };
const HEAD = { level: "warning", time: "1763700000000000001" };
const NAME = { service_name: "x" };

test("reads level, time and ids from a line, and does not change the line", () => {
  const line = JSON.stringify({ ...HEAD, ...IDS, ...NAME, nested: { a: ["}"] }, msg: "hi" });
  const entry = entryOf(line);
  assert.deepEqual(entry, { ...HEAD, [META_KEY]: IDS, line });
  assert.equal(lineOf({ ...entry, lokilevel: "warning" }), line);
});

/** Fields besides the ids that an app may put into a line. */
const FORGERIES: Record<string, string> = {
  "an object": JSON.stringify({ message: FORGED }),
  "an object of an object": JSON.stringify({ a: { b: { c: FORGED } } }),
  "an array": JSON.stringify({ causes: [FORGED, FORGED] }),
  "an array of arrays": JSON.stringify({ causes: [[[FORGED]]] }),
  "the text of a message": JSON.stringify({ msg: JSON.stringify(FORGED) }),
  "the text of an error": JSON.stringify({ err: { message: JSON.stringify({ err: FORGED }) } }),
  "a field of another name": JSON.stringify({
    parent_trace_id: FORGED.trace_id,
    "x.trace_id": FORGED.trace_id,
  }),
  "a key": JSON.stringify({ [JSON.stringify(FORGED).slice(1, -1)]: 1 }),
};

const inserted = (own: object, fields: string) => `${JSON.stringify(own).slice(0, -1)},${fields.slice(1)}`;

for (const [where, fields] of Object.entries(FORGERIES)) {
  test(`ids inside ${where} are ignored in a line without a span`, () => {
    const line = inserted({ ...HEAD, ...NAME }, fields);
    assert.deepEqual(entryOf(line), { ...HEAD, line });
  });
  test(`ids inside ${where} do not replace those of the span`, () => {
    const line = inserted({ ...HEAD, ...IDS, ...NAME }, fields);
    assert.deepEqual(entryOf(line)[META_KEY], IDS);
  });
}

test("if a key occurs twice, the span's value is used", () => {
  const line = inserted({ ...HEAD, ...IDS, ...NAME }, JSON.stringify(FORGED));
  assert.deepEqual(entryOf(line)[META_KEY], IDS);
});

/** Fields of a line without a span, and the ids that it has. */
const OWN: [fields: object, ids: object | undefined][] = [
  [IDS, IDS],
  [{ a: FORGED, ...IDS, z: FORGED }, IDS],
  [{ span_id: IDS.span_id, other: 1, trace_id: IDS.trace_id }, IDS],
  [{ trace_id: IDS.trace_id }, { trace_id: IDS.trace_id }],
  [{ trace_id: IDS.trace_id, span_id: "short" }, { trace_id: IDS.trace_id }],
  [{ trace_id: "short", span_id: IDS.span_id }, undefined],
  [{ trace_id: "0".repeat(32), span_id: IDS.span_id }, undefined],
  [{ trace_id: IDS.trace_id.toUpperCase() }, undefined],
  [{ trace_id: 7, other: FORGED }, undefined],
  [{ trace_id: [IDS.trace_id], other: FORGED }, undefined],
  [{ span_id: IDS.span_id }, undefined],
];

for (const [fields, ids] of OWN)
  test(`a line without a span and with ${JSON.stringify(fields)} has the ids ${JSON.stringify(ids)}`, () => {
    assert.deepEqual(entryOf(JSON.stringify({ ...HEAD, ...NAME, ...fields }))[META_KEY], ids);
  });

test("a line in another format is kept", () => {
  for (const line of ["oops", "{", '{"trace_id":"', `null "trace_id":"${IDS.trace_id}"`])
    assert.deepEqual(entryOf(line), { level: "info", line });
});

test("only the beginning of a line marks it as a line of the audit log", () => {
  const marked = inserted({ ...HEAD, ...IDS, log: "audit", ...NAME }, JSON.stringify({ msg: "hi" }));
  assert.deepEqual(entryOf(marked), { ...HEAD, [META_KEY]: IDS, log: "audit", line: marked });
  assert.equal(entryOf(JSON.stringify({ ...HEAD, log: "audit", ...NAME })).log, "audit", "without a span");
  assert.equal(entryOf(JSON.stringify({ ...HEAD, ...IDS, ...NAME, log: "audit" })).log, undefined);
  assert.equal(entryOf(JSON.stringify({ ...HEAD, ...IDS, log: "other", ...NAME })).log, undefined);
});
