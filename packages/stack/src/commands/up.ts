import { newPassword } from "../components/grafana-password.ts";
import { COMPONENTS } from "../components/index.ts";
import { type Environment, readEnvironment } from "../env.ts";
import { createReporter } from "../report/reporter.ts";
import { summary } from "../report/summary.ts";
import { readClaim } from "../state/claim.ts";
import { readRecords } from "../state/records.ts";
import { runStack } from "./run-stack.ts";

export interface UpOptions {
  readonly detach?: boolean | undefined;
  readonly traffic?: boolean | undefined;
}

/** `lab up` and `lab start`; the exit code. */
export async function up({ detach = false, traffic = false }: UpOptions): Promise<number> {
  const environment = readEnvironment();
  if (tellOfRunning(environment)) return 0;
  if (detach) return await (await import("./up-detached.ts")).upDetached(environment, { traffic });
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

/** True when a stack runs in this state folder already, which is then told. */
function tellOfRunning({ state }: Environment): boolean {
  const running = readClaim(state);
  if (!running?.alive) return false;
  const grafana = readRecords(state).some(({ name, state }) => name === "grafana" && state === "ready");
  console.log(
    `The stack is already running (pid ${running.pid}, ${running.mode}). Stop it with \`npx lab down\`.\n`,
  );
  console.log(summary(running.ports, { grafana }));
  return true;
}

/** What is said once everything has been started. */
export function startedText(outcome: {
  environment: Environment;
  failed: readonly string[];
  grafana: boolean;
  traffic: boolean;
}): string {
  const { environment, failed, grafana, traffic } = outcome;
  const seconds = (performance.now() / 1000).toFixed(1);
  const verdict = failed.length
    ? `Started in ${seconds} s, but without ${failed.join(", ")}, which failed (see above).`
    : `Ready in ${seconds} s.`;
  const demo = traffic ? ` Demo traffic: ${environment.trafficRps} requests a second.` : "";
  const password = grafana ? newPassword(environment.state) : undefined;
  const told = password ? `\n${password}\n` : "";
  return `\n${verdict}${demo}\n\n${summary(environment.ports, { grafana })}\n${told}`;
}
