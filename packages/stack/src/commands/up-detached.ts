import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { COMPONENTS } from "../components/index.ts";
import type { Environment } from "../env.ts";
import { logFile, openLog, tailOf } from "../logs/log-file.ts";
import { failureMessage, LabError } from "../report/failure.ts";
import { createReporter } from "../report/reporter.ts";
import { prepareState } from "../state/prepare.ts";
import type { SupervisorMessage } from "./supervise.ts";
import { startedText } from "./up.ts";

const CLI = join(import.meta.dirname, "../cli.ts");

/**
 * Starts a supervisor that outlives this command, tells what it tells, and returns once everything is ready or has failed.
 * @returns the exit code: 0 when everything is ready.
 * @throws LabError with the end of the supervisor's log when it ends before that.
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
  console.log("It runs in the background: npx lab status, npx lab logs <name>, npx lab down.");
  return started.failed.length > 0 ? 1 : 0;
}
