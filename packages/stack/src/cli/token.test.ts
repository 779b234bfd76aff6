import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { decodeJwt } from "jose";

const stateFolder = mkdtempSync(join(tmpdir(), "token-"));
after(() => rmSync(stateFolder, { recursive: true }));

const labToken = (...options: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "main.ts"), "token", ...options], {
    env: { LAB_STATE: stateFolder, CONSOLE_PORT: "8123" },
  });

test("prints nothing but a token, with the scopes, the subject and the lifetime", async () => {
  const { stdout, stderr } = await labToken(
    "--scope",
    "hello",
    "--scope",
    "numbers",
    "--subject",
    "ana",
    "--expires",
    "90s",
  );
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  assert.equal(stderr, "");
  const { iss, sub, scope, iat = 0, exp } = decodeJwt(stdout.trim());
  assert.deepEqual([iss, sub, scope, exp], ["http://127.0.0.1:8123", "ana", "hello numbers", iat + 90]);
});

for (const [options, message] of [
  [[], "--scope is missing. Available: hello, numbers.\n"],
  [["--scope", "helo"], 'Unknown scope "helo". Available: hello, numbers. Did you mean hello?\n'],
  [
    ["--scope", "hello", "--expires", "2d"],
    "--expires 2d is not valid: it must be a duration such as 90s, 5m or 1h, at most 1h.\n",
  ],
  [["--scope", "hello", "--rotate"], "--rotate prints no token: leave out --scope.\n"],
] as const)
  test(`lab token ${options.join(" ")} is an error that says what is wrong`, async () => {
    await assert.rejects(labToken(...options), { code: 1, stdout: "", stderr: message });
  });
