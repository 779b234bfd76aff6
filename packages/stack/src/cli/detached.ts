import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { COMPONENTS } from "../components/index.ts";
import { type Environment, readEnvironment } from "../env.ts";
import { logFile, openLog, tailOf } from "../supervisor/logs.ts";
import { prepareState } from "../supervisor/records.ts";
import type { StackEvent } from "../terminal/events.ts";
import { failureMessage, LabError } from "../terminal/failure.ts";
import { createPlainReport, createReporter } from "../terminal/reporter.ts";
import { runStack } from "./run-stack.ts";
import { startedText } from "./started.ts";

const CLI = join(import.meta.dirname, "main.ts");

/**
 * Starts a supervisor that outlives this command, prints its reports, and returns when everything is ready or has
 * failed.
 * @returns the exit code: 0 if everything is ready.
 * @throws LabError with the end of the supervisor's log if it ends before that.
 */
export async function upDetached(
  environment: Environment,
  { traffic }: { traffic: boolean },
): Promise<number> {
  prepareState(environment.state);
  const log = logFile(environment.state, "supervisor");
  const { descriptor, offset } = openLog(log);
  const supervisor = fork(CLI, ["supervise", ...(traffic ? ["--traffic"] : [])], {
    detached: true,
    stdio: ["ignore", descriptor, descriptor, "ipc"],
  });
  closeSync(descriptor);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => supervisor.kill(signal));

  const reporter = await createReporter(
    COMPONENTS.map(({ name }) => name),
    environment.ports,
  );
  const { promise, resolve } = Promise.withResolvers<SupervisorMessage["started"]>();
  supervisor.on("message", ({ event, started }: SupervisorMessage) => {
    if (event) reporter.report(event);
    if (started) resolve(started);
  });
  const started = await Promise.race([promise, once(supervisor, "exit").then(() => undefined)]);
  await reporter.settle();
  if (!started)
    throw new LabError(
      failureMessage({ what: "The stack did not start.", log, tail: tailOf(log, 15, offset) }),
    );

  supervisor.disconnect();
  supervisor.unref();
  console.log(startedText({ environment, traffic, ...started }));
  console.log("The stack runs in the background. Next: npx lab status, npx lab logs <name>, npx lab down.");
  return started.failed.length > 0 ? 1 : 0;
}

/** A message of a detached supervisor to the `lab up --detach` that started it. */
export interface SupervisorMessage {
  readonly event?: StackEvent;
  readonly started?: { readonly failed: readonly string[]; readonly grafana: boolean };
}

/** Owns a detached stack. `lab up --detach` starts this program; users do not. */
export async function supervise({ traffic = false }: { traffic?: boolean }): Promise<number> {
  const log = createPlainReport((line) => console.log(`${new Date().toISOString()} ${line}`));
  const send = (message: SupervisorMessage) => {
    if (process.connected) process.send?.(message);
  };
  return await runStack({
    environment: readEnvironment(),
    mode: "detached",
    withTraffic: traffic,
    report: (event) => {
      log(event);
      send({ event });
    },
    onStarted: async (started) => send({ started }),
    onStopping: () => log({ type: "note", text: "stopping" }),
  });
}
