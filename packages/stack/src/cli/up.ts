import { COMPONENTS } from "../components/index.ts";
import { type Environment, readEnvironment } from "../env.ts";
import { readOwner } from "../supervisor/ownership.ts";
import { readRecords } from "../supervisor/records.ts";
import { createReporter } from "../terminal/reporter.ts";
import { runStack } from "./run-stack.ts";
import { startedText, summary } from "./started.ts";

export interface UpOptions {
  readonly detach?: boolean | undefined;
  readonly traffic?: boolean | undefined;
}

/** Runs `lab up` and `lab start`. Returns the exit code. */
export async function up({ detach = false, traffic = false }: UpOptions): Promise<number> {
  const environment = readEnvironment();
  if (reportRunning(environment)) return 0;
  if (detach) return await (await import("./detached.ts")).upDetached(environment, { traffic });
  const reporter = await createReporter(
    COMPONENTS.map(({ name }) => name),
    environment.ports,
  );
  return await runStack({
    environment,
    mode: "foreground",
    withTraffic: traffic,
    report: reporter.report,
    onStarted: async ({ failed, grafana }) => {
      await reporter.settle();
      console.log(startedText({ environment, failed, grafana, traffic }));
      console.log(
        "Ctrl-C stops everything. In another terminal: npx lab status, npx lab doctor, npx lab logs <name>.",
      );
    },
    onStopping: () => {
      void reporter.settle();
      console.log("\nStopping. Press Ctrl-C again to kill everything at once.");
    },
  });
}

/** Reports a stack that is already running in this state folder. Returns false if there is none. */
function reportRunning({ state }: Environment): boolean {
  const running = readOwner(state);
  if (!running?.alive) return false;
  const grafana = readRecords(state).some(({ name, state }) => name === "grafana" && state === "ready");
  console.log(
    `The stack is already running (pid ${running.pid}, ${running.mode}). Stop it with \`npx lab down\`.\n`,
  );
  console.log(summary(running.ports, { grafana }));
  return true;
}
