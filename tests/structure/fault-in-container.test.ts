import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { execa } from "execa";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";

const TOKEN = join(temporaryFolder(), "token");
writeFileSync(TOKEN, "secret\n");

/** Runs the program of `docker compose run --rm fault …`, with this address for every admin port. */
async function fault(args: readonly string[], url = "http://127.0.0.1:1", token = TOKEN) {
  const urls = ["GATEWAY", "REST", "A", "B"].map((service) => [`FAULT_ADMIN_${service}_URL`, url]);
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(REPOSITORY, "deploy/container/fault.ts"), ...args],
    { env: { FAULT_ADMIN_TOKEN_FILE: token, ...Object.fromEntries(urls) }, extendEnv: false, reject: false },
  );
  return { exitCode, stdout, stderr };
}

for (const [what, args, message, exitCode, token] of [
  [
    "an unknown fault",
    ["slow-c"],
    /^Unknown fault "slow-c"\. Available: slow-a, .*"fix" ends all faults\.$/,
    2,
    TOKEN,
  ],
  [
    "a fault that only the native launcher has",
    ["crash-b"],
    /^Unknown fault "crash-b"\. Available: /,
    2,
    TOKEN,
  ],
  [
    "a duration with a unit",
    ["slow-b", "2m"],
    /^"2m" is not a duration: give a number of seconds from 1 to/,
    2,
    TOKEN,
  ],
  ["a duration of zero", ["slow-b", "0"], /^"0" is not a duration/, 2, TOKEN],
  ["a duration over an hour", ["slow-b", "3601"], /^"3601" is not a duration/, 2, TOKEN],
  [
    "the stack is not running",
    ["slow-b"],
    /^No service listens at the fault admin port of service-b \(http:\/\/127\.0\.0\.1:1\)\. Is the stack up\?/,
    1,
    TOKEN,
  ],
  ["the token file does not exist", [], /^Cannot read \/nowhere\. .* Is the stack up\?/, 1, "/nowhere"],
] as const)
  test(`the fault command in containers reports an error in one line: ${what}`, async () => {
    const result = await fault(args, undefined, token);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /\n/);
    assert.equal(result.exitCode, exitCode);
  });

test("the fault command in containers sets a fault for the given duration, with the token, and lists it", async (t) => {
  const requests: string[] = [];
  const until = "2026-11-25T14:32:07.000Z";
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const body = (await request.toArray()).join("");
    requests.push(`${method} ${url} ${headers.authorization} ${body}`);
    response.end(JSON.stringify([{ name: "slow-b", until }]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { stdout, exitCode } = await fault(
    ["slow-b", "120"],
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  assert.equal(exitCode, 0);
  assert.equal(requests[0], 'PUT /faults/slow-b Bearer secret {"for_ms":120000}');
  assert.match(stdout, new RegExp(`^slow-b +until ${until} +service B takes`, "m"));
  assert.match(stdout, /^slow-a +- +service A takes/m);
});
