import { join } from "node:path";
import { faultAdminUrlVariable, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { HOST, httpAddress, type Ports } from "../ports.ts";
import { LAB_VERSION } from "../repository.ts";
import { type Component, RETURN_LARGE_BLOCKS } from "./component.ts";
import { buildConsole } from "./console-build.ts";

/** The console: its server, with the inbox of alerts, and the web application that it serves. */
export const consoleServer: Component = {
  name: "console",
  serviceName: "console",
  stage: "console",
  program: { kind: "node", version: LAB_VERSION },
  ports: ["CONSOLE_PORT"],
  scrape: { port: "CONSOLE_PORT", file: "stack" },
  args: ({ root }) => ["--import", "@lgtm-lab/telemetry/register", join(root, "apps/console/server/main.ts")],
  build: buildConsole,
  env: ({ state, ports }) => ({
    HOST,
    CONSOLE_PORT: `${ports.CONSOLE_PORT}`,
    LAB_STATE: state,
    GATEWAY_URL: httpAddress(ports, "GATEWAY_PORT"),
    GATEWAY_REST_URL: httpAddress(ports, "GATEWAY_REST_PORT"),
    GRAFANA_URL: httpAddress(ports, "GRAFANA_PORT"),
    PROMETHEUS_URL: httpAddress(ports, "PROMETHEUS_PORT"),
    ALERTMANAGER_URL: httpAddress(ports, "ALERTMANAGER_PORT"),
    TEMPO_URL: httpAddress(ports, "TEMPO_PORT"),
    CONSOLE_LOKI_URL: httpAddress(ports, "LOKI_PORT"),
    ...Object.fromEntries(
      SERVICE_NAMES.map((name) => [
        faultAdminUrlVariable(name),
        httpAddress(ports, SERVICES[name].ports.faultAdmin.variable),
      ]),
    ),
    OTEL_SERVICE_NAME: "console",
    // It stops after the collector and Loki, so it could not deliver its last spans and lines.
    OTEL_SDK_DISABLED: "true",
    LOKI_URL: "",
    ...RETURN_LARGE_BLOCKS,
  }),
  readyUrl: ({ ports }) => `${httpAddress(ports, "CONSOLE_PORT")}/readyz`,
};

/** The address of the console to which Alertmanager and Grafana send alerts. */
export function alertInbox(ports: Ports): string {
  return `${httpAddress(ports, "CONSOLE_PORT")}/api/alerts`;
}
