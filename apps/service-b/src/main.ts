import { GATEWAY_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { ServiceBService } from "@lgtm-lab/contracts/proto";
import { startFaultAdmin, withFaults } from "@lgtm-lab/faults";
import {
  createHttpApp,
  get,
  Lifecycle,
  mutualTlsVariables,
  numbersRoute,
  requireShortRequest,
  runService,
  startHealthPort,
  startHttpServer,
  tlsFilesOf,
} from "@lgtm-lab/service-runtime";
import { startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import { readEnv } from "./env.ts";
import { serviceBFaults } from "./faults.ts";
import { serviceB } from "./grpc.ts";
import { numbers } from "./numbers.ts";

const { route } = SERVICES["service-b"];
const lifecycle = new Lifecycle();
const faults = serviceBFaults();

await runService(lifecycle, async () => {
  const env = readEnv();
  const { HOST, PORT, GRPC_PORT } = env;
  const source = withFaults(faults, { stream: numbers });
  const app = createHttpApp({ lifecycle, allowsOrigin: env.CORS_ORIGINS, guard: requireShortRequest() });
  const files = tlsFilesOf(mutualTlsVariables, env);
  const tls = files && (await import("@lgtm-lab/service-runtime/tls")).mutualTls(files, GATEWAY_NAMES);
  if (tls) app.use(tls.guard);
  get(app, route, numbersRoute(lifecycle, source), { streams: true });
  const admin = await startFaultAdmin(faults, env);
  const servers = await Promise.all([
    startGrpcServer({
      name: "pspd.ServiceB",
      definition: ServiceBService,
      implementation: { ...serviceB(lifecycle, source) },
      host: HOST,
      port: GRPC_PORT,
      tls: tls?.grpc,
    }),
    startHttpServer(app, HOST, PORT, { tls: tls?.http }),
  ]);
  return [...admin, ...(await startHealthPort(app, env.HEALTH_PORT)), ...servers];
});
