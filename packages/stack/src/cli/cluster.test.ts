import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { Faults, faultAdminApp } from "@lgtm-lab/faults";
import { startHttpServer } from "@lgtm-lab/service-runtime";
import { execa } from "execa";
import { runLab, temporaryFolder } from "../../test/helpers.ts";

const FIXTURE = join(import.meta.dirname, "../../test/fixtures/kubectl");
const NODE = dirname(process.execPath);

/** A pod's fault admin port, whose faults have no effect. */
async function adminPort(t: TestContext, names: readonly string[]) {
  const faults = new Faults(Object.fromEntries(names.map((name) => [name, { kind: "slow" } as const])));
  const server = await startHttpServer(faultAdminApp(faults, "secret"), "127.0.0.1", 0);
  let ended: Promise<void> | undefined;
  /** The pod ends. */
  const end = () => {
    ended ??= server.drain(AbortSignal.abort());
    return ended;
  };
  t.after(() => {
    for (const name of faults.names) faults.clear(name); // their timers
    return end();
  });
  const active = () => faults.list().flatMap(({ name, until }) => (until === null ? [] : [name]));
  return { port: server.port, active, faults, end };
}

/** A cluster with two gateways, two pods of A and one of B, as the kubectl of test/fixtures describes it. */
async function cluster(t: TestContext) {
  const [gateway, rest] = [await adminPort(t, ["crash-b"]), await adminPort(t, ["crash-b"])];
  const a = [await adminPort(t, ["slow-a"]), await adminPort(t, ["slow-a"])] as const;
  const log = join(temporaryFolder(), "kubectl.log");
  writeFileSync(log, "");
  const ports = {
    "gateway-a": gateway.port,
    "gateway-rest-a": rest.port,
    "service-a-b": a[1].port,
    "service-a-a": a[0].port,
    "service-a-x": 1, // not ready
    "service-b-a": 0, // deleted meanwhile
  };
  const portsFile = join(temporaryFolder(), "ports.json");
  const setPorts = (changed: Readonly<Record<string, number>>) =>
    writeFileSync(portsFile, JSON.stringify({ ...ports, ...changed }));
  setPorts({});
  const variables = {
    PATH: [FIXTURE, NODE].join(delimiter),
    LAB_STATE: temporaryFolder(),
    KUBECTL_LOG: log,
    KUBECTL_PORTS: portsFile,
  };
  const calls = (): string[][] =>
    readFileSync(log, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return {
    gateway,
    rest,
    a,
    variables,
    calls,
    setPorts,
    lab: (...args: string[]) => runLab(variables, ...args),
  };
}

const KIND = ["--context", "kind-lab"] as const;

test("a fault is set in every ready pod of its service, listed, and ended", async (t) => {
  const { a, lab, calls } = await cluster(t);
  const set = await lab("break", "slow-a", "--for", "90s", ...KIND);
  assert.equal(set.stderr, "");
  assert.match(
    set.stdout,
    /^slow-a is active until .*; `npx lab fix --context kind-lab` ends it sooner\.\n$/,
  );
  assert.deepEqual(
    a.map((pod) => pod.active()),
    [["slow-a"], ["slow-a"]],
  );
  const listed = await lab("faults", ...KIND);
  assert.match(listed.stdout, /slow-a .* \d\d:\d\d:\d\d \(instances 1, 2\) *\n/);
  assert.match(listed.stderr, /^Not reached: service-a-x\. /);
  const fixed = await lab("fix", ...KIND);
  assert.equal(fixed.stdout, "Ended: slow-a.\n");
  assert.match(fixed.stderr, /^Not reached: service-a-x\. /);
  assert.deepEqual(
    a.map((pod) => pod.active()),
    [[], []],
  );
  for (const args of calls())
    assert.ok(
      args[0] === "config" || args.slice(0, 4).join(" ") === "--context kind-lab --namespace pspd",
      `${args}`,
    );
  assert.equal(
    calls().some((args) => args.includes("delete")),
    false,
  );
});

test("--instance means the pods in the order of their names", async (t) => {
  const { a, lab } = await cluster(t);
  assert.equal((await lab("break", "slow-a", "--instance", "2", ...KIND)).stderr, "");
  assert.deepEqual(
    a.map((pod) => pod.active()),
    [[], ["slow-a"]],
  );
  assert.match((await lab("break", "slow-a", "--instance", "3", ...KIND)).stderr, /has the instances 1 to 2/);
});

test("a service without a ready pod cannot be broken", async (t) => {
  const { lab } = await cluster(t);
  const { exitCode, stderr } = await lab("break", "slow-b", ...KIND);
  assert.equal(exitCode, 1);
  assert.equal(
    stderr,
    "No service listens at the fault admin port of service-b. `kubectl --context kind-lab --namespace pspd get pods` shows the state of each pod.\n",
  );
  assert.match(
    (await lab("faults", ...KIND)).stdout,
    /slow-b .* no service listens at the fault admin port of service-b/,
  );
});

test("crash-b deletes the pods of B until its time has passed", async (t) => {
  const { gateway, rest, lab, calls } = await cluster(t);
  const { stdout, stderr } = await lab("break", "crash-b", "--for", "8s", ...KIND);
  assert.equal(stderr, "");
  assert.match(stdout, /until then, this command deletes the pods of service-b/);
  assert.match(stdout, /crash-b has ended\. Deleted pods of service-b: 1\.\n$/);
  const deletions = calls().filter((args) => args.includes("delete"));
  assert.ok(deletions.length >= 2, `${deletions.length} deletions`);
  for (const args of deletions) {
    assert.ok(
      args.includes("--selector=app.kubernetes.io/part-of=lgtm-lab,app.kubernetes.io/name=service-b"),
    );
    assert.equal(args.includes("--all"), false);
  }
  assert.deepEqual([gateway.active(), rest.active()], [[], []]);
});

/** Starts crash-b for five minutes, and waits for its first deletion. */
async function startCrash(t: TestContext) {
  const each = await cluster(t);
  const cli = join(import.meta.dirname, "main.ts");
  const running = execa(process.execPath, [cli, "break", "crash-b", ...KIND], {
    env: each.variables,
    reject: false,
    stdin: "ignore",
  });
  t.after(() => running.kill("SIGKILL"));
  await once(running.stdout, "data");
  return { ...each, running };
}

test("the end of crash-b at the gateways ends the command", async (t) => {
  const { gateway, lab, running } = await startCrash(t);
  assert.deepEqual(gateway.active(), ["crash-b"]);
  assert.equal((await lab("fix", "crash-b", ...KIND)).stdout, "Ended: crash-b.\n");
  assert.equal((await running).exitCode, 0);
});

test("lab fix ends a fault in a running pod that is not ready", async (t) => {
  const { lab, setPorts } = await cluster(t);
  const other = await adminPort(t, ["slow-a"]);
  setPorts({ "service-a-x": other.port });
  await other.faults.set("slow-a", 60_000);
  assert.equal((await lab("fix", ...KIND)).stdout, "Ended: slow-a.\n");
  assert.deepEqual(other.active(), []);
});

test("a new pod of each gateway, without the fault, ends crash-b", async (t) => {
  const { gateway, rest, running, setPorts } = await startCrash(t);
  const others = [await adminPort(t, ["crash-b"]), await adminPort(t, ["crash-b"])] as const;
  setPorts({ "gateway-a": others[0].port, "gateway-rest-a": others[1].port });
  await Promise.all([gateway.end(), rest.end()]);
  const { exitCode, stdout } = await running;
  assert.match(stdout, /crash-b has ended\./);
  assert.equal(exitCode, 0);
});

test("crash-b deletes no more pods when no gateway responds any more", async (t) => {
  const { gateway, rest, running } = await startCrash(t);
  await Promise.all([gateway.end(), rest.end()]);
  const { exitCode, stderr } = await running;
  assert.match(
    stderr,
    /^No gateway reports whether crash-b is active, so no more pods of service-b are deleted\./,
  );
  assert.equal(exitCode, 1);
});

test("Ctrl-C ends crash-b", async (t) => {
  const { gateway, rest, running } = await startCrash(t);
  running.kill("SIGINT");
  assert.equal((await running).exitCode, 0);
  assert.deepEqual([gateway.active(), rest.active()], [[], []]);
});

for (const [args, message] of [
  [
    ["break", "slow-a", "--context", "kind-lap"],
    /^Unknown context "kind-lap"\. Available: kind-lab, other.*Did you mean kind-lab\?/,
  ],
  [
    ["break", "crash-b", "--context", "other"],
    /^The cluster of the context other has no namespace pspd with the label .* deploy\/setup\.sh --context other installs it\./,
  ],
  [
    ["faults", "--context", "no-faults"],
    /has no Secret fault-admin, so its services have no fault admin port/,
  ],
  [
    ["fix", "--context", "down"],
    /^kubectl failed with the context down\.\n {2}command: kubectl --context down .*\n {2}\| Unable to connect to the server/,
  ],
  [
    ["break", "crash-b", "--instance", "1", ...KIND],
    /^In Kubernetes, crash-b affects all pods of service-b: leave out --instance\./,
  ],
  [["break", "crash-c", ...KIND], /^Unknown fault "crash-c"/],
] as const)
  test(`lab ${args.join(" ")} changes nothing, and says why`, async (t) => {
    const { a, gateway, lab, calls } = await cluster(t);
    const { exitCode, stdout, stderr } = await lab(...args);
    assert.match(stderr, message);
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.deepEqual(
      [...a, gateway].flatMap((pod) => pod.active()),
      [],
    );
    assert.equal(
      calls().some((each) => each.includes("delete")),
      false,
    );
  });

test("without kubectl, the message says where to get it", async (t) => {
  const { variables } = await cluster(t);
  const { stderr } = await runLab({ ...variables, PATH: NODE }, "faults", ...KIND);
  assert.match(stderr, /^--context needs kubectl, which is not on the PATH: https:\/\//);
});
