import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { COMPONENTS, freePorts, type Ports, REPOSITORY, readEnvironment } from "@lgtm-lab/stack";
import { execa } from "execa";
import { type RecordingProxy, recordingProxy } from "../../packages/stack/test/recording-proxy.ts";
import { inContainers } from "../e2e/support/env.ts";
import { within } from "../e2e/support/within.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-proxy");
/** The only program that may be missing in the cache, because it cannot be built. */
const GRAFANA = COMPONENTS.find(({ name }) => name === "grafana")?.program ?? assert.fail();
const BOOTSTRAP = ["scripts/bootstrap.mjs", "packages/stack/src/cli/main.ts"];

/** A separate stack, started behind a proxy with every proxy variable that any of its programs reads. */
describe("a native stack behind a proxy", { skip: inContainers && "it tests the launcher" }, () => {
  let proxy: RecordingProxy;
  let ports: Ports;
  let lab: (...args: string[]) => Promise<{ exitCode?: number | undefined; stdout: string; stderr: string }>;

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    proxy = await recordingProxy();
    ports = await freePorts();
    const address = `http://127.0.0.1:${proxy.port}`;
    const spellings = ["http_proxy", "https_proxy", "all_proxy", "grpc_proxy"];
    const env = {
      ...readEnvironment().basic,
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, `${port}`])),
      ...Object.fromEntries(
        spellings.flatMap((name) => [name, name.toUpperCase()].map((each) => [each, address])),
      ),
      no_proxy: "example.com",
      NODE_USE_ENV_PROXY: "1",
      LAB_STATE: STATE_FOLDER,
      XDG_CACHE_HOME: join(readEnvironment().cache, ".."),
    };
    lab = (...args) =>
      execa(process.execPath, [...BOOTSTRAP, ...args], {
        cwd: REPOSITORY,
        env,
        extendEnv: false,
        reject: false,
      });
  });

  after(async () => {
    await lab("down");
    proxy.close();
  });

  it("starts and delivers all signals; the proxy receives no requests except for releases", async () => {
    const up = await lab("up", "--detach", "--traffic");
    assert.equal(up.exitCode, 0, up.stdout + up.stderr);
    let doctor = "";
    await within("the doctor finds nothing", 30_000, async () => {
      const { exitCode, stdout } = await lab("doctor");
      doctor = stdout;
      return exitCode === 0;
    }).catch((error: unknown) => assert.fail(`${error}\n${doctor}`));
    const response = await fetch(`http://127.0.0.1:${ports.CONSOLE_PORT}/api/loki/labels`);
    assert.equal(response.status, 200, await response.text());
    const status = await lab("status");
    assert.equal(status.exitCode, 0, status.stdout);
    const down = await lab("down");
    assert.equal(down.exitCode, 0, down.stderr);
    const { release } = GRAFANA.kind === "binary" ? GRAFANA : assert.fail();
    const download = `CONNECT ${new URL(release?.url ?? "").host}:443`;
    assert.deepEqual(
      proxy.requests.filter((request) => request !== download),
      [],
    );
  });
});
