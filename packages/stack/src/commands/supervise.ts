import { readEnvironment } from "../env.ts";
import type { StackEvent } from "../report/events.ts";
import { createPlainReport } from "../report/plain.ts";
import { runStack } from "./run-stack.ts";

/** What a detached supervisor tells the `lab up --detach` that started it. */
export interface SupervisorMessage {
  readonly event?: StackEvent;
  readonly started?: { readonly failed: readonly string[]; readonly grafana: boolean };
}

/** Owns a detached stack: started by `lab up --detach`, not by hand. */
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
