import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { complaint, lately, readDashboards, walk } from "@lgtm-lab/grafana";
import { REPOSITORY } from "@lgtm-lab/stack";
import { urls } from "../e2e/support/lab.ts";
import { WAYS, type Way } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { eventually } from "../e2e/support/within.ts";

/** As the demo's traffic is: now and then a caller is wrong. */
const MIX: readonly Way[] = [
  ...WAYS,
  ...WAYS,
  ...WAYS.filter(({ route }) => route === "/b/numbers").map((way) => ({
    ...way,
    path: "/b/numbers?count=0",
  })),
];
const RANGE_SECONDS = 300;
const BOUND_MS = 120_000;

describe("dashboards, under traffic like the demo's", () => {
  let traffic: Traffic;
  let at: Awaited<ReturnType<typeof urls>>;

  before(async () => {
    at = await urls();
    traffic = new Traffic({ rate: 8, ways: MIX, base: at.base });
  });
  after(() => traffic.stop());

  it("every query of every panel, with every value of every variable, has data", async () => {
    let complaints: unknown[] = ["nothing was looked at"];
    const look = async () => {
      // A variable that offers nothing yet makes a walk throw: at the start of the traffic, that too is to be waited for.
      const walks = readDashboards().map((dashboard) => walk(dashboard, at, lately(RANGE_SECONDS)));
      const outcomes = await Promise.allSettled(walks);
      complaints = outcomes
        .flatMap((each) => (each.status === "fulfilled" ? each.value.map(complaint) : [each.reason]))
        .filter(Boolean);
      return complaints.length === 0;
    };
    await eventually("no panel is empty", look, BOUND_MS).catch(() => assert.deepEqual(complaints, []));
  });

  it("names exist, the arithmetic is right, and every provisioned link leads somewhere", async () => {
    const files = await Array.fromAsync(glob("grafana/test/*live.test.ts", { cwd: REPOSITORY }));
    assert.ok(files.length > 1);
    const env = { PROMETHEUS_URL: at.prometheus, LOKI_URL: at.loki, TEMPO_URL: at.tempo };
    // A runner of its own: these files are also run by themselves, against any stack.
    const child = spawn(process.execPath, ["--test", "--test-reporter=spec", ...files], {
      cwd: REPOSITORY,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    const [code] = await once(child, "exit");
    assert.equal(code, 0, output);
    assert.match(output, /^ℹ skipped 0$/m, "they were skipped");
  });
});
