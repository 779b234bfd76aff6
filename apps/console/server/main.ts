import { join } from "node:path";
import { INBOX_FOLDER } from "@lgtm-lab/contracts";
import { Lifecycle, runService, startHttpServer } from "@lgtm-lab/service-runtime";
import { openInbox } from "./alerts/inbox.ts";
import { createConsole } from "./app.ts";
import { readEnv } from "./env.ts";

/** Allows a query string of 32 KiB and a browser's headers. */
const MAX_HEADER_BYTES = 64 * 1024;

const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const inbox = openInbox(join(env.LAB_STATE, INBOX_FOLDER));
  const app = createConsole({ env, lifecycle, inbox });
  return [await startHttpServer(app, env.HOST, env.CONSOLE_PORT, { maxHeaderBytes: MAX_HEADER_BYTES })];
});
