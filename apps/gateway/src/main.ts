import { SERVICES } from "@lgtm-lab/contracts";
import { startFaultAdmin, withFaults } from "@lgtm-lab/faults";
import {
  createHttpApp,
  get,
  helloRoute,
  Lifecycle,
  numbersRoute,
  runService,
  startHttpServer,
} from "@lgtm-lab/service-runtime";
import { checkNumbers } from "./check-numbers.ts";
import { readEnv } from "./env.ts";
import { gatewayFaults } from "./faults.ts";
import { connectBackend } from "./link/connect.ts";

const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const backend = connectBackend(env);
  const faults = gatewayFaults(backend);
  const numbers = withFaults(faults, backend, "service-b");
  const app = createHttpApp({
    lifecycle,
    dependencies: () => backend.probe(),
    allowsOrigin: env.CORS_ORIGINS,
  });
  get(app, "/", (c) => c.redirect(env.CONSOLE_URL));
  get(
    app,
    SERVICES["service-a"].route,
    helloRoute(lifecycle, (params, call) => {
      const wait = faults.applyTo(call, "service-a");
      return wait ? wait.then(() => backend.greet(params, call)) : backend.greet(params, call);
    }),
  );
  get(app, SERVICES["service-b"].route, numbersRoute(lifecycle, checkNumbers(numbers)), { streams: true });
  const admin = await startFaultAdmin(faults, env);
  return [...admin, await startHttpServer(app, env.HOST, env.PORT)];
});
