import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumFor } from "./fetch.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

test("finds a file's sum in the lists of all projects", () => {
  assert.equal(checksumFor("tempo.tar.gz", `${A}  loki.zip\n${B}  tempo.tar.gz\n`), B);
  assert.equal(checksumFor("loki.zip", `${A.toUpperCase()} *loki.zip`), A);
  assert.equal(checksumFor("loki.zip", `${A}  ./loki.zip`), A);
  assert.equal(checksumFor("grafana.tar.gz", `${A}\n`), A, "Grafana's list contains only the sum");
});

test("a list without the file is rejected", () => {
  assert.throws(() => checksumFor("tempo.tar.gz", `${A}  other.tar.gz`), /does not list tempo\.tar\.gz/);
  assert.throws(() => checksumFor("tempo.tar.gz", "Not Found"), /does not list/);
});
