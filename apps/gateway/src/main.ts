import { startFaultAdmin } from "@lgtm-lab/faults";
import { Lifecycle, runService, startHealthPort, startHttpServer } from "@lgtm-lab/service-runtime";
import { createGateway } from "./app.ts";
import { readEnv } from "./env.ts";
import { gatewayStateReader } from "./state.ts";

const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const { app, faults, routes } = await createGateway(env, lifecycle);
  const admin = await startFaultAdmin(faults, env, { "/gateway": await gatewayStateReader(env, routes) });
  const tls = env.serverTls && (await import("./edge/tls.ts")).edgeTls(env.serverTls);
  const health = await startHealthPort(app, env.HEALTH_PORT);
  return [...admin, ...health, await startHttpServer(app, env.HOST, env.PORT, { tls })];
});
