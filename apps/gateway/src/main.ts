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
import { connectServices } from "./link/connect.ts";

const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const services = connectServices(env);
  const faults = gatewayFaults(services);
  const numbers = withFaults(faults, services, "service-b");
  const app = createHttpApp({
    lifecycle,
    dependencies: () => services.probe(),
    allowsOrigin: env.CORS_ORIGINS,
  });
  get(app, "/", (c) => c.redirect(env.CONSOLE_URL));
  get(
    app,
    SERVICES["service-a"].route,
    helloRoute(lifecycle, (params, call) => {
      const wait = faults.applyTo(call, "service-a");
      return wait ? wait.then(() => services.greet(params, call)) : services.greet(params, call);
    }),
  );
  get(app, SERVICES["service-b"].route, numbersRoute(lifecycle, checkNumbers(numbers)), { streams: true });
  const admin = await startFaultAdmin(faults, env);
  return [...admin, await startHttpServer(app, env.HOST, env.PORT)];
});
