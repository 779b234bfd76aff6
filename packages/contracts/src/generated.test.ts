import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "..");

it("src/generated is up to date with pspd.proto", async () => {
  const fresh = await mkdtemp(join(tmpdir(), "pspd-"));
  try {
    await promisify(execFile)("npx", ["--no-install", "buf", "generate", "--output", fresh], { cwd: root });
    const [committed, generated] = await Promise.all(
      [root, fresh].map((dir) => readFile(join(dir, "src/generated/pspd.ts"), "utf8")),
    );
    assert.equal(
      committed,
      generated,
      "src/generated differs from pspd.proto: run `npm run generate -w packages/contracts`",
    );
  } finally {
    await rm(fresh, { recursive: true });
  }
});
