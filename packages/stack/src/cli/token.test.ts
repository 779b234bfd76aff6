import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { runLab, temporaryFolder } from "../../test/helpers.ts";

const stateFolder = temporaryFolder();

const labToken = (...options: string[]) =>
  runLab({ LAB_STATE: stateFolder, CONSOLE_PORT: "8123" }, "token", ...options);

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
    const { exitCode, stdout, stderr } = await labToken(...options);
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 1, stdout: "", stderr: message });
  });

test("lab token --rotate says which tokens stay valid, and prints no token", async () => {
  const { exitCode, stdout } = await labToken("--rotate");
  assert.equal(exitCode, 0);
  assert.match(
    stdout,
    /^New tokens are signed with a new key\. Tokens signed with the old key stay valid until they expire, at the latest at [\d:]+\.\n$/,
  );
});
