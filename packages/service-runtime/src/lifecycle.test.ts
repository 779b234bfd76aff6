import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";

/** A service with a call that runs until the service ends it; prints the time that it was given, in milliseconds. */
const SERVICE = `
import { Lifecycle, runService } from "@lgtm-lab/service-runtime";
const lifecycle = new Lifecycle();
const drain = async () => {
  const began = performance.now();
  await new Promise((resolve) => lifecycle.shutdownSignal.addEventListener("abort", resolve));
  console.log("ended after", performance.now() - began);
};
await runService(lifecycle, async () => {
  // Keeps the process alive, as a listening socket does.
  setInterval(() => {}, 60_000);
  process.stdout.write("started\\n");
  return [{ drain }];
});`;

/** Starts the service. Standard output has its log lines too. */
const start = (DRAIN_MS: string): ChildProcess =>
  spawn(process.execPath, ["--input-type=module", "--eval", SERVICE], {
    cwd: import.meta.dirname,
    env: { OTEL_SERVICE_NAME: "test", OTEL_SDK_DISABLED: "true", LOKI_URL: "", DRAIN_MS },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 20_000,
  });

describe("DRAIN_MS", () => {
  it("is the time that running calls have after SIGTERM", async () => {
    const service = start("300");
    assert.ok(service.stdout);
    let output = "";
    for await (const chunk of service.stdout.setEncoding("utf8")) {
      output += chunk;
      if (!service.killed && /"msg":"ready"/.test(output)) service.kill("SIGTERM");
    }
    const [, ms] = /ended after ([\d.]+)/.exec(output) ?? assert.fail(output);
    assert.ok(Number(ms) > 250 && Number(ms) < 5_000, `${ms} ms`);
  });

  it("that is invalid prevents the start, and the message names it", async () => {
    const service = start("1m");
    assert.ok(service.stdout);
    const ended = once(service, "exit");
    const output = await text(service.stdout);
    assert.deepEqual(await ended, [1, null]);
    assert.match(output, /DRAIN_MS=1m is not valid: it must be a whole number from 0 to 300000/);
    assert.doesNotMatch(output, /started/);
  });
});
