import { COMPONENTS } from "../components/index.ts";
import type { Environment } from "../env.ts";
import type { Ports } from "../ports.ts";
import { readOwner } from "../supervisor/ownership.ts";
import { createStack } from "../supervisor/stack.ts";
import { readRecords } from "../supervisor/state-folder.ts";
import { LabError } from "../terminal/failure.ts";
import { createReporter } from "../terminal/reporter.ts";

/** A stack that a command uses. */
export interface UsedStack {
  readonly ports: Ports;
  /** Whether it was running before the command. */
  readonly wasRunning: boolean;
  /** Stops the stack if the command has started it. */
  readonly release: (options: { graceMs?: number }) => Promise<void>;
}

/**
 * Returns the stack that runs in the state folder. If none runs, starts one without demo traffic.
 * @throws LabError if a component of the stack is not ready, or if `stop` aborts during the start.
 */
export async function useStack(environment: Environment, stop: AbortSignal): Promise<UsedStack> {
  const owner = readOwner(environment.state);
  if (owner?.alive) {
    const records = readRecords(environment.state);
    const notReady = records.filter(({ state }) => state !== "ready" && state !== "skipped");
    if (notReady.length > 0)
      throw new LabError(
        `The stack is not ready: ${notReady.map(({ name, state }) => `${name} is ${state}`).join(", ")}. See \`npx lab status\`.`,
      );
    if (records.some(({ name }) => name === "traffic"))
      console.log("The demo traffic is running. It continues, and is a small part of the load.");
    return { ports: owner.ports, wasRunning: true, release: async () => {} };
  }
  console.log("No stack is running. Starting one without demo traffic; it is stopped after the load.");
  const { ports } = environment;
  const reporter = await createReporter(
    COMPONENTS.map(({ name }) => name),
    ports,
  );
  const stack = await createStack({ environment, report: reporter.report });
  const onStop = () => void stack.down();
  stop.addEventListener("abort", onStop);
  try {
    const { failed } = await stack.start();
    if (failed.length === 0) return { ports, wasRunning: false, release: stack.down };
    throw new LabError(`The stack did not start: ${failed.join(", ")} failed (see above).`);
  } catch (error) {
    await stack.down();
    stop.throwIfAborted();
    throw error;
  } finally {
    // From now on the load is stopped first, and then the stack.
    stop.removeEventListener("abort", onStop);
    await reporter.settle();
  }
}
