import { GATEWAY_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { ServiceAService } from "@lgtm-lab/contracts/proto";
import { startFaultAdmin } from "@lgtm-lab/faults";
import {
  createHttpApp,
  get,
  helloRoute,
  Lifecycle,
  mutualTlsVariables,
  requireShortRequest,
  runService,
  startHealthPort,
  startHttpServer,
  tlsFilesOf,
} from "@lgtm-lab/service-runtime";
import { startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import { faultTlsVariables, readEnv } from "./env.ts";
import { serviceAFaults } from "./faults.ts";
import { greeting } from "./greeting.ts";
import { serviceA } from "./grpc.ts";

const { route } = SERVICES["service-a"];
const lifecycle = new Lifecycle();

await runService(lifecycle, async () => {
  const env = readEnv();
  const { HOST, PORT, GRPC_PORT } = env;
  const app = createHttpApp({ lifecycle, allowsOrigin: env.CORS_ORIGINS, guard: requireShortRequest() });
  const files = tlsFilesOf(mutualTlsVariables, env);
  const tls = files && (await import("@lgtm-lab/service-runtime/tls")).mutualTls(files, GATEWAY_NAMES);
  if (tls) app.use(tls.guard);
  const expired = files && tlsFilesOf(faultTlsVariables, env);
  const faults = serviceAFaults({ tls, expired: expired && { ...files, ...expired } });
  get(
    app,
    route,
    helloRoute(lifecycle, async (params, call) => {
      const wait = faults.applyTo(call);
      if (wait) await wait;
      return greeting(params, "A-REST");
    }),
  );
  const admin = await startFaultAdmin(faults, env);
  const servers = await Promise.all([
    startGrpcServer({
      name: "pspd.ServiceA",
      definition: ServiceAService,
      implementation: { ...serviceA(lifecycle, faults) },
      host: HOST,
      port: GRPC_PORT,
      tls: tls?.grpc,
    }),
    startHttpServer(app, HOST, PORT, { tls: tls?.http }),
  ]);
  return [...admin, ...(await startHealthPort(app, env.HEALTH_PORT)), ...servers];
});
