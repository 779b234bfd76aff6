import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type K6Process, startK6 } from "./k6.ts";

const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-k6-"));
after(() => rm(folder, { recursive: true }));

/** Starts a shell script instead of k6. */
async function start(script: string, more: Partial<Parameters<typeof startK6>[1]> = {}): Promise<K6Process> {
  const program = join(folder, "k6");
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return await startK6(
    { protocol: "grpc", users: 7, warmUpS: 1, seconds: 2 },
    {
      program,
      env: { PATH: "/usr/bin:/bin" },
      gateway: "http://127.0.0.1:1",
      remoteWrite: "http://127.0.0.1:2/api/v1/write",
      testId: "a test",
      summaryFile: join(folder, "summary.json"),
      logFile: join(folder, "k6.log"),
      ...more,
    },
  );
}

describe("a k6 process", () => {
  it("gets the step, reports its start, and returns its counts even if a threshold failed", async () => {
    const k6 = await start(`
      echo "started 1234"
      echo "$PROTOCOL $USERS $WARM_UP_S $SECONDS $BASE_URL $K6_PROMETHEUS_RW_SERVER_URL" >&2
      echo '{"requests_failed":{"values":{"count":3}}}' > "$SUMMARY_FILE"
      exit 99`);
    assert.equal(await k6.started, 1234);
    assert.equal((await k6.ended)?.failed, 3);
    assert.equal(
      await readFile(join(folder, "k6.log"), "utf8"),
      "grpc 7: grpc 7 1 2 http://127.0.0.1:1 http://127.0.0.1:2/api/v1/write\n",
    );
    assert.equal(await k6.live(), undefined);
  });

  it("runs on another host: with that host's command, environment and address", async () => {
    const k6 = await start(`echo "host: $1 $ADDED $USERS $*" >&2; exit 1`, {
      host: {
        address: "127.0.0.9",
        on: ({ file, args, env }) => ({
          file: "sh",
          args: [file, "on-host", ...args],
          env: { ...env, ADDED: "yes" },
        }),
      },
    });
    await assert.rejects(k6.ended, /\| host: on-host yes 7 on-host run .*--address 127\.0\.0\.9:\d+/);
  });

  it("fails with its exit code and the end of its log", async () => {
    const k6 = await start("echo the script is broken >&2; exit 107");
    await assert.rejects(k6.ended, /^Error: k6 failed \(exit code 107\)\.\n {2}\| the script is broken$/);
    assert.equal(await k6.started, undefined);
  });

  it("has no counts if it is stopped before the load starts", async () => {
    const k6 = await start(`trap "exit 105" INT; echo ready; while :; do sleep 0.05; done`);
    const log = join(folder, "k6.log");
    while (!(await readFile(log, "utf8")).endsWith("ready\n")) await new Promise(setImmediate);
    k6.stop();
    assert.equal(await k6.ended, undefined);
    assert.equal(await k6.started, undefined);
  });

  it("has no counts if it is killed", async () => {
    const k6 = await start("echo started 5; exec sleep 60");
    assert.equal(await k6.started, 5);
    k6.kill();
    assert.equal(await k6.ended, undefined);
  });
});
