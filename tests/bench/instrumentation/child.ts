import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A child process that responds to each message with one message. It ends when this process ends. */
export interface Child<Ready, Result> {
  ready: Ready;
  ask(): Promise<Result>;
  stop(): Promise<void>;
}

/** Starts `module` and waits for its first message. Rejects when it exits before that. */
export async function start<Ready, Result>(
  module: string,
  options: { args?: string[]; execArgv?: string[]; env?: Record<string, string> } = {},
): Promise<Child<Ready, Result>> {
  const { args = [], execArgv = [], env = {} } = options;
  const stdio = ["ignore", "ignore", "inherit", "ipc"] as const; // log lines are written to stdout, but not read
  const child = fork(new URL(module, import.meta.url), args, { execArgv, env, stdio: [...stdio] });
  const ready = await nextMessage<Ready>(child);
  return {
    ready,
    async ask() {
      child.send("?");
      return nextMessage<Result>(child);
    },
    async stop() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const early = new AbortController();
  const died = once(child, "exit", { signal: early.signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.join(" ")} exited with ${code}`);
  });
  died.catch(() => {}); // avoids an unhandled rejection after the message has arrived
  try {
    const [message] = await Promise.race([once(child, "message", { signal: early.signal }), died]);
    return message as T;
  } finally {
    early.abort();
  }
}
