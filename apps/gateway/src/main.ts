import { startFaultAdmin } from "@lgtm-lab/faults";
import { Lifecycle, runService, startHttpServer } from "@lgtm-lab/service-runtime";
import { createGateway } from "./app.ts";
import { readEnv } from "./env.ts";

const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const { app, faults } = await createGateway(env, lifecycle);
  const admin = await startFaultAdmin(faults, env);
  const tls = env.serverTls && (await import("./edge/tls.ts")).edgeTls(env.serverTls);
  return [...admin, await startHttpServer(app, env.HOST, env.PORT, { tls })];
});
