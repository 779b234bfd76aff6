import assert from "node:assert/strict";
import { test } from "node:test";
import { plan } from "./plan.ts";

const many = Array.from({ length: 1000 }, (_, index) => plan(index));

test("both routes go over both gateways, about equally often", () => {
  const counts = Object.groupBy(many, ({ gateway, path }) => `${gateway} ${path.split("?")[0]}`);
  assert.deepEqual(Object.keys(counts).toSorted(), [
    "grpc /a/hello",
    "grpc /b/numbers",
    "rest /a/hello",
    "rest /b/numbers",
  ]);
  for (const planned of Object.values(counts)) assert.ok((planned?.length ?? 0) > 200);
});

test("a few requests are invalid, over both gateways", () => {
  const bad = many.filter(({ path }) => /count=(0|ten)$|x{257}/.test(path));
  assert.equal(bad.length, 40);
  assert.equal(new Set(bad.map(({ gateway }) => gateway)).size, 2);
});
