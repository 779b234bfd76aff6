import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { COMPONENTS, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { inContainers } from "../e2e/support/env.ts";
import { lines } from "../e2e/support/loki.ts";
import { scrapeSum } from "../e2e/support/prometheus.ts";
import { eventually } from "../e2e/support/within.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-loki-restart");
/** Seconds instead of minutes: a stream is removed before the next checkpoint replaces the one that contains it. */
const SHORT = ["-ingester.chunks-idle-period=2s", "-ingester.checkpoint-duration=12s"];

describe("Loki, when a stream was idle for so long that it was removed, and has new lines", {
  skip: inContainers,
}, () => {
  let stack: RunningStack;

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    const components = COMPONENTS.filter(({ name }) => name === "loki").map((loki) => ({
      ...loki,
      args: (...given: Parameters<NonNullable<typeof loki.args>>) => [
        ...(loki.args?.(...given) ?? []),
        ...SHORT,
      ],
    }));
    stack = await startStack({ stateFolder: STATE_FOLDER, ports: "free", components });
  });
  after(() => stack?.down());

  /** Stores a line of a stream. */
  async function push(name: "busy" | "idle", msg: string): Promise<void> {
    const response = await fetch(`${stack.address("loki")}/loki/api/v1/push`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        streams: [{ stream: { service_name: name }, values: [[`${Date.now()}000000`, msg]] }],
      }),
    });
    assert.equal(response.status, 204, await response.text());
  }

  it("has them after a restart, although the last checkpoint contains the removed stream", async () => {
    const data = readdirSync(STATE_FOLDER).find((name) => name.startsWith("loki-")) ?? assert.fail();
    const checkpoints = () =>
      readdirSync(join(STATE_FOLDER, data, "wal")).filter((name) => /^checkpoint\.\d+$/.test(name));
    const streams = () => scrapeSum(stack.address("loki"), "loki_ingester_memory_streams");

    let sent = 0;
    const contained = async () => {
      await push("busy", "before");
      await push("idle", `before ${sent}`);
      sent += 1;
      return checkpoints().length > 0;
    };
    // It begins after 12 s, and takes about 11 s.
    await eventually("a checkpoint contains the stream", contained, 60_000);
    const before = checkpoints();
    await eventually("the stream is removed", async () => {
      await push("busy", "before"); // Otherwise the next checkpoint would be empty, and complete at once.
      return (await streams()) === 1;
    });
    await push("idle", "after");
    await stack.stopComponent("loki");
    assert.deepEqual(checkpoints(), before, "Loki starts again with the same checkpoint");
    await stack.startComponent("loki");
    const stored = async () => await lines(stack.address("loki"), '{service_name="idle"}');
    await eventually("the new line", async () => (await stored()).some(({ text }) => text === "after"));
    assert.equal((await stored()).length, sent + 1);
  });
});
