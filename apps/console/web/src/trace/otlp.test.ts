import assert from "node:assert/strict";
import { test } from "vitest";
import { hexId, traceId } from "./otlp.ts";

test("reads an id from hexadecimal and base64", () => {
  assert.equal(hexId("wE4Z9N5rdFSBn2k/HFdghw==", 16), "c04e19f4de6b7454819f693f1c576087");
  assert.equal(hexId("DmIXATQLz0w=", 8), "0e621701340bcf4c");
  assert.equal(hexId("0E621701340BCF4C", 8), "0e621701340bcf4c");
});

test("rejects an invalid id", () => {
  for (const id of ["", "AAAAAAAAAAA=", "0000000000000000", "0e62", "<script>", 7, null, undefined])
    assert.equal(hexId(id, 8), undefined, String(id));
});

test("restores missing leading zeros of a trace id", () => {
  assert.equal(traceId("4e19f4de6b7454819f693f1c576087a"), "04e19f4de6b7454819f693f1c576087a");
  assert.equal(traceId(" C04E19F4DE6B7454819F693F1C576087 "), "c04e19f4de6b7454819f693f1c576087");
  for (const id of ["", "0", "xyz", "c04e19f4de6b7454819f693f1c5760870", "../x"])
    assert.equal(traceId(id), undefined, id);
});
