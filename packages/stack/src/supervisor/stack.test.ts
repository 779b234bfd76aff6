import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import pWaitFor from "p-wait-for";
import { fixture, fixtureStack, temporaryFolder } from "../../test/helpers.ts";
import { readEnvironment } from "../env.ts";
import { HOST } from "../ports.ts";
import { buildPath } from "../programs/find.ts";
import { isRunning } from "../programs/processes.ts";
import { freePorts } from "./ownership.ts";
import { startStack } from "./stack.ts";

const QUICK = { max: 2, withinMs: 60_000, firstDelayMs: 10, maxDelayMs: 20 };
const failures = (events: { type: string; message?: string }[]) =>
  events.flatMap((event) => (event.type === "failed" ? [event.message ?? ""] : []));

test("a component that dies at its start is reported with its exit code, its command and the end of its log", async (t) => {
  const { stack, events } = await fixtureStack(t, [
    fixture("dies"),
    fixture("serves", { port: "LOKI_PORT" }),
  ]);
  assert.deepEqual(await stack.start(), { failed: ["dies"] });
  const [message = ""] = failures(events);
  assert.match(message, /^dies died before it was ready: exit code 3 after \d\.\d s\./);
  assert.match(message, /command: \S.*node'? '?\S.*dies\.mjs'? \d+\n/);
  assert.match(message, /\| fatal: no such file: \/etc\/nothing\.yaml/);
  assert.equal(stack.component("dies").record().state, "failed");
  assert.equal(stack.component("serves").record().state, "ready", "the others stay up");
});

test("a cached program that dies without output is reported with the file to delete", async (t) => {
  const cache = join(temporaryFolder(), "lgtm-lab");
  const module = { version: "1.0.0", folder: "damaged", package: "example.com/damaged", ldflags: "" };
  const path = await buildPath(cache, "damaged", module, REPOSITORY);
  mkdirSync(cache);
  writeFileSync(path, "", { mode: 0o755 });
  const damaged = fixture("serves", {
    name: "damaged",
    program: { kind: "binary", variable: "DAMAGED_BIN", module },
  });
  const { stack, events } = await fixtureStack(t, [damaged], {
    environment: { ...readEnvironment({}), cache },
  });
  assert.deepEqual(await stack.start(), { failed: ["damaged"] });
  const [message = ""] = failures(events);
  assert.ok(message.includes(`may be damaged: rm '${path}', then start again`), message);
});

test("it is reported at once, while others are still starting", async (t) => {
  const late = fixture("never-ready", { port: "LOKI_PORT", deadlineMs: 3000 });
  const { stack, events } = await fixtureStack(t, [late, fixture("dies")]);
  const started = stack.start();
  await pWaitFor(() => failures(events).length > 0, { timeout: 2500 });
  assert.match(failures(events)[0] ?? "", /^dies died/);
  await started;
});

test("a component that is never ready is reported after its deadline, with its last response", async (t) => {
  const { stack, events } = await fixtureStack(t, [fixture("never-ready", { deadlineMs: 1500 })]);
  assert.deepEqual(await stack.start(), { failed: ["never-ready"] });
  assert.match(failures(events)[0] ?? "", /was not ready after 1\.5 s: http:\S+ → 503 still replaying/);
  const { process } = stack.component("never-ready").record();
  assert.ok(process && !isRunning(process), "it is stopped");
});

test("a missing program is reported with the reason", async (t) => {
  const missing = fixture("serves", {
    name: "missing",
    program: { kind: "binary", variable: "MISSING_BIN", module: undefined as never },
  });
  const { stack, events } = await fixtureStack(t, [missing]);
  await stack.start();
  assert.match(failures(events)[0] ?? "", /Cannot obtain missing: .*\n {2}fix: +set MISSING_BIN/);
});

test("a component that ignores SIGTERM is killed after its grace period and reported", async (t) => {
  const { stack, events } = await fixtureStack(t, [fixture("ignores-sigterm", { graceMs: 200 })]);
  await stack.start();
  const { process } = stack.component("ignores-sigterm").record();
  await stack.down();
  assert.ok(process && !isRunning(process));
  assert.deepEqual(events.at(-1), {
    type: "stopped",
    component: "ignores-sigterm",
    text: "ignored SIGTERM and was killed after 0.2 s",
  });
});

test("a service has a longer grace period with a longer DRAIN_MS", async (t) => {
  const graceMs = async (DRAIN_MS: string, telemetry: boolean) => {
    const component = fixture("serves", { graceMs: 20_000, telemetry });
    const environment = readEnvironment({ DRAIN_MS });
    const { stack } = await fixtureStack(t, [component], { environment });
    return stack.component("serves").record().graceMs;
  };
  assert.equal(await graceMs("15000", true), 25_000);
  assert.equal(await graceMs("15000", false), 20_000);
  assert.equal(await graceMs("5000", true), 20_000);
});

test("the error for a port in use names the component, the process that holds it, and the variable that changes it", async (t) => {
  const holder = createServer().listen(0, HOST);
  await once(holder, "listening");
  t.after(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  const ports = { ...(await freePorts()), LOKI_PORT: port };
  const stateFolder = temporaryFolder();
  const start = startStack({ stateFolder, ports, components: [fixture("serves", { port: "LOKI_PORT" })] });
  await assert.rejects(start, (error: Error) => {
    assert.match(error.message, new RegExp(`^Port ${port} of 127.0.0.1, which serves needs, is in use by`));
    assert.match(error.message, new RegExp(`pid ${process.pid} \\(.*node`));
    assert.match(error.message, /set LOKI_PORT to another port/);
    return true;
  });
  const again = await startStack({ stateFolder, ports: "free", components: [fixture("serves")] });
  await again.down(); // the failed start left nothing behind
});

test("a component that dies is restarted", async (t) => {
  const { stack, events } = await fixtureStack(t, [fixture("serves")]);
  await stack.start();
  const before = stack.component("serves").record();
  stack.component("serves").kill("SIGKILL");
  const record = () => stack.component("serves").record();
  await pWaitFor(() => record().state === "ready" && record().restarts === 1, { timeout: 5000 });
  assert.notEqual(record().process?.pid, before.process?.pid);
  assert.ok(events.some((event) => event.type === "died" && /killed by SIGKILL/.test(event.message)));
});

test("a component that dies repeatedly is not restarted after a limited number of restarts, and the stack stays up", async (t) => {
  const components = [fixture("serves"), fixture("serves", { name: "other", port: "LOKI_PORT" })];
  const { stack, events } = await fixtureStack(t, components, { restartPolicy: QUICK });
  await stack.start();
  const serves = stack.component("serves");
  await pWaitFor(
    () => {
      if (serves.record().state === "ready") serves.kill("SIGKILL");
      return serves.record().state === "failed";
    },
    { timeout: 10_000 },
  );
  assert.equal(serves.record().restarts, QUICK.max);
  assert.match(failures(events)[0] ?? "", /Reached 2 restarts in 60 s; not restarting it\./);
  assert.equal(stack.component("other").record().state, "ready");
});

test("a component that was stopped stays down until it is started again", async (t) => {
  const stateFolder = temporaryFolder();
  const stack = await startStack({ stateFolder, ports: "free", components: [fixture("serves")] });
  t.after(() => stack.down());
  const responds = () =>
    fetch(stack.address("serves")).then(
      (response) => response.ok,
      () => false,
    );
  await stack.stopComponent("serves");
  assert.equal(await responds(), false);
  assert.equal(stack.record("serves").state, "stopped");
  await stack.startComponent("serves");
  assert.equal(await responds(), true);
  assert.equal(stack.record("serves").restarts, 0);
});

test("components stop in order: traffic, gateways, services, collector, backends, console", async (t) => {
  const stages = ["console", "backend", "gateway", "collector", "service", "traffic"] as const;
  const ports = [
    "LOKI_PORT",
    "GATEWAY_PORT",
    "OTELCOL_HTTP_PORT",
    "SERVICE_A_HTTP_PORT",
    "CONSOLE_PORT",
    "GRAFANA_PORT",
  ] as const;
  const components = stages.map((stage, index) =>
    fixture("serves", { name: stage, stage, port: ports[index] ?? "LOKI_PORT" }),
  );
  const { stack, events } = await fixtureStack(t, components);
  await stack.start();
  await stack.down();
  const stopped = events.flatMap((event) => (event.type === "stopped" ? [event.component] : []));
  assert.deepEqual(stopped, ["traffic", "gateway", "service", "collector", "backend", "console"]);
});

test("a state folder belongs to one stack at a time", async (t) => {
  const stateFolder = temporaryFolder();
  const { stack } = await fixtureStack(t, [fixture("serves")], { stateFolder });
  await stack.start();
  await assert.rejects(
    startStack({ stateFolder, ports: "free", components: [fixture("serves")] }),
    /A stack is already running in/,
  );
  await stack.down();
  const next = await startStack({ stateFolder, ports: "free", components: [fixture("serves")] });
  await next.down();
});

test("stopping during the start leaves nothing behind", async (t) => {
  const { stack } = await fixtureStack(t, [fixture("never-ready"), fixture("serves", { port: "LOKI_PORT" })]);
  const started = stack.start();
  await pWaitFor(() => stack.component("never-ready").record().process !== undefined, { timeout: 5000 });
  const processes = stack.components().map(({ record }) => record().process);
  await Promise.all([assert.rejects(started, /being stopped/), stack.down()]);
  assert.ok(processes.every((process) => !process || !isRunning(process)));
});

test("a failed start of startStack stops everything and reports the reason", async () => {
  const stateFolder = temporaryFolder();
  const ports = await freePorts();
  const components = [fixture("serves"), fixture("dies", { port: "LOKI_PORT" })];
  await assert.rejects(startStack({ stateFolder, ports, components }), /dies died before it was ready/);
  const again = await startStack({ stateFolder, ports, components: components.slice(0, 1) });
  await again.down(); // the ports and the state folder were free again
});
