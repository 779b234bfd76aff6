import { dirname, join } from "node:path";
import { ALERT_LOG } from "@lgtm-lab/contracts";
import { Lifecycle, runService, startHttpServer } from "@lgtm-lab/kit";
import { openInbox } from "./alerts/inbox.ts";
import { createConsole } from "./app.ts";
import { readEnv } from "./env.ts";

const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const inbox = openInbox(join(env.LAB_STATE, dirname(ALERT_LOG)));
  return [await startHttpServer(createConsole({ env, lifecycle, inbox }), env.HOST, env.CONSOLE_PORT)];
});
