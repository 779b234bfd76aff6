import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

import {
  GATEWAY_NAMES,
  instanceName,
  type Protocol,
  portsOfInstances,
  SERVICE_NAMES,
  SERVICES,
} from "@lgtm-lab/contracts";
import { LAB_VERSION } from "@lgtm-lab/contracts/repository";
import { parseDuration } from "@lgtm-lab/faults/client";
import {
  type LoadChoices,
  type LoadOptions,
  type LoadResult,
  PROTOCOLS,
  planLoad,
  progressLine,
  runLoad,
  type StepPlan,
  stepLine,
} from "@lgtm-lab/load";
import { htmlReport, markdownReport } from "@lgtm-lab/load/report";
import { execa } from "execa";
import { authorityFile, trustCertificates } from "../certificates.ts";
import { CLIENT_HOST, GATEWAY_HOST, type HostAddresses } from "../components/component.ts";
import { COMPONENTS } from "../components/index.ts";
import { k6Program } from "../components/tools.ts";
import { getText, parseCounters } from "../doctor/http.ts";
import { type Environment, readEnvironment } from "../env.ts";
import { HOST, httpAddress } from "../ports.ts";
import { resolveTool } from "../programs/find.ts";
import { releaseLock, takeLock } from "../programs/processes.ts";
import { type Owner, readOwner, recover } from "../supervisor/ownership.ts";
import { createStack } from "../supervisor/stack.ts";
import { prepareStateFolder, readHosts, readRecords, runFolder } from "../supervisor/state-folder.ts";
import { failureMessage, LabError } from "../terminal/messages.ts";
import { createPlainReport, createReporter, createStatusLine } from "../terminal/reporter.ts";
import { tokenFor } from "./token.ts";
import { INTERRUPTED, KILL_AT_ONCE, onStopSignals } from "./up.ts";

const MAX_USERS = 20_000;
/** Open files that a gateway and k6 need besides one connection for each user. */
const OTHER_FILES = 500;
/** How long an overloaded service may take to send its metrics; milliseconds. */
const BUSY_RESPONSE_MS = 15_000;

/** The options of `lab load`, as the user wrote them. */
interface LoadArguments {
  readonly quick?: boolean;
  readonly users?: string;
  readonly duration?: string;
  readonly transport?: string;
  readonly hosts?: boolean;
}

/**
 * Runs `lab load`. Returns the exit code: 0 if every measured request succeeded or was shed, 1 if one failed, 130 if a
 * signal stopped the load.
 */
export async function load(options: LoadArguments): Promise<number> {
  const environment = readEnvironment();
  const { stateFolder } = environment;
  const { profile, steps } = planLoad(readChoices(options));
  if (options.hosts) (await import("../hosts/network.ts")).assertHostsPossible();
  checkOpenFiles(Math.max(...steps.map(({ users }) => users)));
  const [stop, kill] = [new AbortController(), new AbortController()];
  let stack: UsedStack | undefined;
  onStopSignals({
    stopIfOrphaned: true,
    stop: () => {
      console.log("\nStopping the load test. Press Ctrl-C again to end at once, without a report.");
      stop.abort(new LabError("The load test was stopped."));
    },
    stopNow: () => {
      kill.abort();
      void Promise.resolve(stack?.release(KILL_AT_ONCE)).finally(() => process.exit(INTERRUPTED));
    },
  });
  await recover(stateFolder);
  prepareStateFolder(stateFolder);
  const lock = join(runFolder(stateFolder), "load.json");
  const other = takeLock(lock, {});
  if (other) throw new LabError(`A load test is already running in ${stateFolder} (pid ${other.pid}).`);
  try {
    const k6 = await obtainK6(stop.signal);
    stack = await useStack(environment, { hosts: options.hosts ?? false, stop: stop.signal });
    const startedAt = new Date().toISOString();
    const folder = join(stateFolder, "load", startedAt);
    let result: LoadResult;
    try {
      const { hosts } = stack;
      const machine = await describeMachine(k6);
      const about = { startedAt, profile, machine, ...(hosts && { hosts: hosts.description }) };
      const signals = { stop: stop.signal, kill: kill.signal };
      result = await run({ k6, stack, environment, folder, steps, about, ...signals });
    } finally {
      await stack.release({});
    }
    writeReport(folder, result, stack);
    if (stop.signal.aborted) return INTERRUPTED;
    return result.steps.some(({ failed }) => failed > 0) ? 1 : 0;
  } catch (error) {
    if (error !== stop.signal.reason) throw error;
    return INTERRUPTED;
  } finally {
    releaseLock(lock);
  }
}

/** Checks the options. Throws a LabError that names the invalid option and its rule. */
export function readChoices({ quick, users, duration, transport }: LoadArguments): LoadChoices {
  return {
    quick,
    users: users === undefined ? undefined : readUsers(users),
    seconds: duration === undefined ? undefined : parseDuration(duration, "--duration") / 1000,
    protocol: transport === undefined ? undefined : readProtocol(transport),
  };
}

function readUsers(text: string): number[] {
  const users = text.split(",").map((each) => (/^\d+$/.test(each.trim()) ? Number(each) : Number.NaN));
  if (users.every((each) => each >= 1 && each <= MAX_USERS)) return users;
  throw new LabError(
    `--users ${text} is not valid: it must be numbers of users like 25,50, each from 1 to ${MAX_USERS}.`,
  );
}

function readProtocol(text: string): LoadChoices["protocol"] {
  const protocol = PROTOCOLS.find((each) => each === text);
  if (protocol) return protocol;
  throw new LabError(`--transport ${text} is not valid: it must be ${PROTOCOLS.join(" or ")}.`);
}

/**
 * Checks that a process may open a connection for each user. Node and k6 raise their own limit to the maximum, so only
 * the hard limit matters.
 */
function checkOpenFiles(users: number): void {
  const limit = Number(execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }));
  const needed = users + OTHER_FILES;
  if (!(limit < needed)) return; // also if it is unlimited
  throw new LabError(
    failureMessage({
      what: `A process may open ${limit} files here, but ${users} users need ${needed}.`,
      fix: `raise the limit (ulimit -Hn ${needed}; systemd: LimitNOFILE), or use --users with at most ${limit - OTHER_FILES}`,
    }),
  );
}

/** Returns the path of k6. The first time it is downloaded or built, which prints its progress. */
async function obtainK6(signal: AbortSignal): Promise<string> {
  const report = createPlainReport((line) => console.log(line));
  const path = await resolveTool("k6", k6Program, {
    signal,
    progress: (text, work) => report({ type: "progress", component: "k6", text, ...(work && { work }) }),
  });
  return path;
}

/** The stack under load. */
interface UsedStack extends Pick<Owner, "ports" | "instances" | "tokenIssuer"> {
  /** Its separate hosts, if it has any. */
  readonly hosts: LoadHosts | undefined;
  /** Whether it was running before the command. */
  readonly wasRunning: boolean;
  /** Stops the stack if the command has started it. */
  readonly release: (options: { graceMs?: number }) => Promise<void>;
}

/**
 * Returns the stack that runs in the state folder. If none runs, starts one without demo traffic.
 * @throws LabError if a component of the stack is not ready, or if `stop` aborts during the start.
 */
async function useStack(
  environment: Environment,
  { hosts, stop }: { hosts: boolean; stop: AbortSignal },
): Promise<UsedStack> {
  const owner = readOwner(environment.stateFolder);
  if (owner?.alive) {
    const records = readRecords(environment.stateFolder);
    const notReady = records.filter(({ state }) => state !== "ready" && state !== "skipped");
    if (notReady.length > 0)
      throw new LabError(
        `The stack is not ready: ${notReady.map(({ name, state }) => `${name} is ${state}`).join(", ")}. See \`npx lab status\`.`,
      );
    if (records.some(({ name }) => name === "traffic"))
      console.log("The demo traffic is running. It continues during the load test and adds little load.");
    if (hosts && !readHosts(environment.stateFolder))
      throw new LabError(
        "The stack runs without --hosts. Stop it with `npx lab down`, then run `npx lab load --hosts` again.",
      );
    const { ports, instances, tokenIssuer } = owner;
    trustCertificates(environment.stateFolder, ports);
    const separate = await readLoadHosts(environment);
    return { ports, instances, tokenIssuer, hosts: separate, wasRunning: true, release: async () => {} };
  }
  console.log("No stack is running. Starting one without demo traffic. It stops after the load test.");
  const { ports } = environment;
  const reporter = await createReporter(
    COMPONENTS.map(({ name }) => name),
    ports,
  );
  const stack = await createStack({ environment, hosts, report: reporter.report });
  const onStop = () => void stack.down();
  stop.addEventListener("abort", onStop);
  try {
    const { failed } = await stack.start();
    if (failed.length === 0)
      return { ports, hosts: await readLoadHosts(environment), wasRunning: false, release: stack.down };
    throw new LabError(`The stack did not start: ${failed.join(", ")} failed (see above).`);
  } catch (error) {
    await stack.down();
    stop.throwIfAborted();
    throw error;
  } finally {
    // From now on the load test is stopped first, and then the stack.
    stop.removeEventListener("abort", onStop);
    await reporter.settle();
  }
}

/** The separate hosts of the stack under load. */
interface LoadHosts {
  readonly description: string;
  /** The host of the client, on which k6 runs. */
  readonly k6: NonNullable<LoadOptions["host"]>;
  /** The addresses of the gateways, and of Prometheus, for the client. */
  readonly addresses: HostAddresses;
}

/** Returns the separate hosts of a running stack; undefined without `--hosts`. */
async function readLoadHosts({ stateFolder }: Environment): Promise<LoadHosts | undefined> {
  const hosts = readHosts(stateFolder);
  if (!hosts) return undefined;
  const { addressesOf, describeHosts, onHost } = await import("../hosts/hosts.ts");
  const addresses = addressesOf(hosts);
  const address = addresses.hosts[CLIENT_HOST] ?? HOST;
  console.log(`k6 runs on the host of the client (${address}).`);
  return {
    description: describeHosts(hosts),
    k6: { address, on: (command) => onHost(hosts, CLIENT_HOST, command) },
    addresses,
  };
}

async function describeMachine(k6: string): Promise<LoadResult["machine"]> {
  const { stdout } = await execa(k6, ["version"]);
  const processors = cpus();
  return {
    cpus: processors.length,
    cpuModel: processors[0]?.model ?? "unknown",
    memoryBytes: totalmem(),
    os: `${type()} ${release()}`,
    node: process.versions.node,
    k6: /\bv(\d[\w.+-]*)/.exec(stdout)?.[1] ?? "unknown",
    lab: LAB_VERSION,
  };
}

interface Run {
  readonly k6: string;
  readonly stack: UsedStack;
  readonly environment: Environment;
  readonly folder: string;
  readonly steps: readonly StepPlan[];
  readonly about: Pick<LoadResult, "startedAt" | "profile" | "machine" | "hosts">;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

async function run({ stack, environment, ...rest }: Run): Promise<LoadResult> {
  const { ports, instances, hosts } = stack;
  const address = (name: (typeof SERVICE_NAMES)[number]) =>
    httpAddress(ports, SERVICES[name].ports.http.variable);
  const gateway = (protocol: Protocol) => {
    const name = GATEWAY_NAMES.find((each) => SERVICES[each].protocol === protocol);
    if (!name) throw new LabError(`No gateway uses ${protocol}.`);
    const urlForK6 = httpAddress(
      ports,
      SERVICES[name].ports.http.variable,
      hosts?.addresses.hosts[GATEWAY_HOST],
    );
    return { name, url: address(name), urlForK6 };
  };
  const status = createStatusLine();
  try {
    return await runLoad({
      ...rest,
      env: {
        ...environment.basic,
        ...(ports.usesTls && { SSL_CERT_FILE: authorityFile(environment.stateFolder) }),
      },
      host: hosts?.k6,
      // k6 cannot renew a token, so each step gets one. Its lifetime is two hours: a step takes at most an hour, and its
      // warm-up and end take minutes.
      token: () => tokenFor(environment.stateFolder, stack, { subject: "load" }),
      gateways: { grpc: gateway("grpc"), rest: gateway("rest") },
      services: Object.fromEntries(
        SERVICE_NAMES.flatMap((name) =>
          portsOfInstances(name, ports, instances).map((own, index) => [
            instanceName(name, index + 1),
            httpAddress(own, SERVICES[name].ports.http.variable),
          ]),
        ),
      ),
      remoteWrite: `${httpAddress(ports, "PROMETHEUS_PORT", hosts?.addresses.machineAddress)}/api/v1/write`,
      readCounters: async (url) => parseCounters((await getText(url, BUSY_RESPONSE_MS)).body),
      onProgress: (progress) => status.update(progressLine(progress)),
      onStep: (step) => status.print(stepLine(step)),
    });
  } finally {
    status.end();
  }
}

/** Writes the report and prints where it is. */
function writeReport(folder: string, result: LoadResult, { ports, wasRunning }: UsedStack): void {
  if (result.steps.length === 0) {
    console.log("Nothing was measured.");
    return;
  }
  writeFileSync(join(folder, "report.html"), htmlReport(result));
  writeFileSync(join(folder, "report.md"), markdownReport(result));
  const { recoveredAfterS, stoppedEarly } = result;
  const notRecovered = stoppedEarly
    ? "The load test was stopped before response times were seen to return to normal."
    : "Response times did not return to normal within a minute after the load test.";
  const recovered =
    recoveredAfterS === undefined
      ? notRecovered
      : `Response times returned to normal ${recoveredAfterS.toFixed(1)} s after the load test.`;
  const where = `${httpAddress(ports, "CONSOLE_PORT")}/load${wasRunning ? "" : " (after npm start)"}`;
  console.log(`${recovered}\nReport: ${join(folder, "report.html")}, ${where}`);
}
