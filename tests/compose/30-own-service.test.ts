import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { urls } from "../e2e/support/lab.ts";
import { lines } from "../e2e/support/loki.ts";
import { query } from "../e2e/support/prometheus.ts";
import { search } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { environment } from "../runner/env.ts";
import { compose } from "./compose.ts";
import { docker } from "./docker.ts";
import { addTarget } from "./targets.ts";

const DOCS_PAGE = readFileSync(join(REPOSITORY, "docs/own-service.md"), "utf8");
const SERVICE_FILE = join(REPOSITORY, "my-service.yml");

/** Returns a code block of docs/own-service.md. */
function example(name: string): string {
  const [, block] =
    new RegExp(`<!-- tested: ${name} -->\n\`\`\`\\w+\n(.*?)\`\`\``, "s").exec(DOCS_PAGE) ?? [];
  return block ?? assert.fail(`docs/own-service.md has no example ${name}`);
}

describe("a user's own service, as in docs/own-service.md", () => {
  let removeTarget = async () => {};

  after(async () => {
    await removeTarget();
    await compose("-f", "docker-compose.yml", "-f", SERVICE_FILE, "rm", "-fsv", "my-service").catch(() => "");
    await rm(SERVICE_FILE, { force: true });
  });

  it("sends a span with curl, and finds it", async () => {
    // curl prints two JSON documents in a row.
    const responses = JSON.parse(
      `[${(await output("bash", ["-ec", example("own-service")])).replace("}{", "},{")}]`,
    );
    assert.ok(JSON.stringify(responses.at(-1)).includes("my-service"));
  });

  it("sends log lines, metrics and traces from a container", async () => {
    const at = await urls();
    await writeFile(SERVICE_FILE, example("my-service.yml"));
    removeTarget = await addTarget(environment.LAB_TARGETS ?? "", JSON.parse(example("target")));
    await compose(
      "-f",
      "docker-compose.yml",
      "-f",
      SERVICE_FILE,
      "up",
      "-d",
      "--no-build",
      "--no-deps",
      "my-service",
    );
    await within(
      "log line of my-service",
      15_000,
      async () => (await lines(at.loki, '{service_name="my-service"}')).length > 0,
    );
    await within("target my-service is up", 15_000, async () =>
      (await query(at.prometheus, 'up{service_name="my-service"}')).some(({ value }) => value === 1),
    );
    const network = await docker("network", "ls", "-q", "--filter", "name=lgtm-lab-test_default");
    const script =
      "fetch('http://my-service:50061/a/hello').then((response) => console.log(response.status))";
    const run = ["run", "--rm", "--network", network, "lgtm-lab/services:0.1.0", "node", "-e", script];
    assert.equal(await docker(...run), "200");
    await eventually(
      "trace of my-service",
      async () =>
        (await search(at.tempo, '{ resource.service.name = "my-service" && name = "GET /a/hello" }')).length >
        0,
    );
  });
});
