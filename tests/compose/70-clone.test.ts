import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import { lab, urls } from "../e2e/support/lab.ts";
import { lines } from "../e2e/support/loki.ts";
import { query } from "../e2e/support/prometheus.ts";
import { call, GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { environment, setEnvironment } from "../runner/env.ts";
import { privateClone } from "./clone.ts";
import { compose, composeIn, PROJECT } from "./compose.ts";
import { docker } from "./docker.ts";
import { readComposeFile } from "./file.ts";
import { longRunning, services } from "./services.ts";
import { untilReady } from "./stack.ts";
import { addTarget } from "./targets.ts";

const DOCS_PAGE = readFileSync(join(REPOSITORY, "docs/containers-operation.md"), "utf8");
const image = readComposeFile().init?.image ?? "";

/** Runs a shell command as a user in a container with the same configuration as the components. */
const asUser = (user: string, command: string): Promise<string> =>
  docker(
    "run",
    "--rm",
    "--user",
    user,
    "-v",
    `${PROJECT}_configuration:/etc/lab:ro`,
    image,
    "bash",
    "-c",
    command,
  );

describe("from a clone made with umask 077 and core.autocrlf=true, at a path with a space", () => {
  let clone = "";
  const scripts = new Map<string, string>();
  const targets = environment.LAB_TARGETS ?? "";

  before(async () => {
    clone = await privateClone();
    for (const name of ["ready", "warm-up"]) {
      const path = join(clone, "deploy/container", name);
      scripts.set(name, await readFile(path, "utf8"));
      // Some editors and archives write files like this.
      await writeFile(path, scripts.get(name)?.replaceAll("\n", "\r\n") ?? "");
      await chmod(path, 0o600);
    }
    await compose("down");
    setEnvironment({ LAB_TARGETS: "" }); // the lists of the clone
    await composeIn(clone, "build");
    await composeIn(clone, "up", "-d", "--no-build", ...services);
  });
  after(async () => {
    setEnvironment({ LAB_TARGETS: targets });
    await rm(dirname(clone), { recursive: true, force: true });
  });

  it("the clone is as intended: only its owner can read it, and it has Unix line endings", async () => {
    const { mode } = await stat(join(clone, "otel-collector.yaml"));
    assert.equal(mode & 0o777, 0o600);
    for (const [name, text] of scripts) assert.doesNotMatch(text, /\r/, name);
  });

  it("every component is ready", async () => {
    await untilReady(longRunning);
  });

  it("every path through the system leads to a trace and log lines", async () => {
    const at = await urls();
    for (const request of GATEWAY_REQUESTS) {
      const response = await eventually(`${request.gateway} ${request.route}`, async () => {
        const one = await call(at.base(request), request.path);
        return one.status === 200 && one;
      });
      await within(`trace over ${request.protocol}`, 5_000, () =>
        traceOf(at.tempo, response.traceId, [request.gateway, request.service]),
      );
      await within(`log line of ${request.gateway}`, 5_000, async () => {
        const ofTrace = `{service_name="${request.gateway}"} | trace_id="${response.traceId}"`;
        return (await lines(at.loki, ofTrace)).length > 0;
      });
    }
  });

  it("Prometheus scrapes its targets, and every link of its rules leads to the console", async () => {
    const { prometheus } = await urls();
    const since = Date.now() / 1000; // the volume has samples of the previous stack
    for (const service of longRunning.filter((name) => !["traffic", "probe"].includes(name)))
      await within(`${service} is scraped`, 15_000, async () => {
        const up = `up{job="${service}"}`;
        const fresh = await query(prometheus, `${up} == 1 and timestamp(${up}) > ${since}`);
        return fresh.length > 0;
      });
    const response = await fetch(`${prometheus}/api/v1/rules?type=alert`);
    const { data } = (await response.json()) as {
      data: { groups: { rules: { name: string; annotations: Record<string, string> }[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    assert.ok(rules.length > 20, `${rules.length} rules`);
    const console = (await lab()).address("console");
    for (const { name, annotations } of rules)
      assert.ok(
        annotations.runbook_url?.startsWith(`${console}/docs/runbooks/`),
        `${name}: ${annotations.runbook_url}`,
      );
  });

  it("the next run of init copies a changed file, as docs/containers-operation.md says", async () => {
    const { prometheus } = await urls();
    const labels = { job: "added", service_name: "added" };
    await addTarget(join(clone, "deploy/compose/targets"), { targets: ["gateway:8080"], labels });
    const [, documentedArgs] =
      /^If `init` has copied the file, run `docker compose (.*?)` first/m.exec(DOCS_PAGE) ?? [];
    assert.ok(documentedArgs, "the page has the command");
    await composeIn(clone, ...documentedArgs.split(" "));
    await within("the new target is up", 15_000, async () =>
      (await query(prometheus, 'up{job="added"}')).some(({ value }) => value === 1),
    );
  });

  it("only Grafana's user can read its configuration, and all links in it lead to the console", async () => {
    const grafana = readComposeFile().grafana?.user ?? "";
    const files =
      "/etc/lab/grafana/grafana.ini /etc/lab/grafana/provisioning/*/* /etc/lab/grafana/dashboards/*";
    const origins = await asUser(grafana, `cat ${files} | grep -o 'http://127.0.0.1:[0-9]*' | sort -u`);
    assert.equal(origins, (await lab()).address("console"));
    assert.equal(await asUser("1000", `cat ${files} 2>/dev/null | wc -c`), "0");
  });

  it("if root in a container cannot read a file, init names the file and the fix", async () => {
    const volumes = ["otelcol", "secrets", "configuration"].flatMap((name) => ["-v", `/volumes/${name}`]);
    const file = "/clone/alertmanager/alertmanager.yml";
    const { exitCode, stderr } = await execa(
      "docker",
      [
        ...["run", "--rm", "--user", "0:0", "--cap-drop", "ALL", "--cap-add", "CHOWN", ...volumes],
        ...["-v", `${join(clone, "alertmanager.yml")}:${file}:ro`, image, "node", "deploy/container/init.ts"],
      ],
      { env: environment, reject: false },
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`^Cannot read ${file}, .*In the clone run "chmod -R go\\+rX \\."`));
  });
});
