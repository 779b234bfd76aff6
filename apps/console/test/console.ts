import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Lifecycle } from "@lgtm-lab/service-runtime";
import { type Inbox, openInbox } from "../server/alerts/inbox.ts";
import { createConsole } from "../server/app.ts";
import { readEnv } from "../server/env.ts";
import type { ProxyOptions } from "../server/proxy/routes.ts";

const HOST = "127.0.0.1:8000";
const UNREACHABLE = "http://127.0.0.1:1";

/** Creates a folder that is removed after the test. */
export function temporaryFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "console-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const ADDRESS_VARIABLES = [
  ...["GATEWAY_URL", "GATEWAY_REST_URL", "GRAFANA_URL"],
  ...["PROMETHEUS_URL", "ALERTMANAGER_URL", "TEMPO_URL", "CONSOLE_LOKI_URL"],
  ...["FAULT_ADMIN_GATEWAY_URL", "FAULT_ADMIN_REST_URL", "FAULT_ADMIN_A_URL", "FAULT_ADMIN_B_URL"],
];

interface TestOptions {
  readonly inbox?: Inbox;
  readonly proxy?: Omit<ProxyOptions, "lifecycle">;
}

/** Creates a console that does not listen on a port. Requests have its host name unless their headers set another. */
export function testConsole(
  test: TestContext,
  { inbox: givenInbox, proxy, ...variables }: TestOptions & Record<string, unknown> = {},
) {
  const lifecycle = new Lifecycle();
  lifecycle.state = "serving";
  const stateFolder = temporaryFolder(test);
  const addresses = Object.fromEntries(ADDRESS_VARIABLES.map((name) => [name, UNREACHABLE]));
  const env = readEnv({
    LAB_STATE: stateFolder,
    CONSOLE_DIST: join(stateFolder, "dist"),
    ...addresses,
    ...variables,
  });
  const inbox = givenInbox ?? openInbox(stateFolder);
  const app = createConsole({ env, lifecycle, inbox, ...(proxy && { proxy }) });
  const get = async (path: string, headers: Record<string, string> = {}) =>
    app.request(`http://${HOST}${path}`, { headers: { host: HOST, ...headers } });
  const post = async (body: unknown, headers: Record<string, string> = {}) =>
    app.request(`http://${HOST}/api/alerts`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { host: HOST, "content-type": "application/json", ...headers },
    });
  const request = async (path: string, method: string, init: RequestInit = {}) =>
    app.request(`http://${HOST}${path}`, {
      ...init,
      method,
      headers: { host: HOST, ...(init.headers as Record<string, string>) },
    });
  /** Sends a write with the headers of the console's page. */
  const write = async (path: string, method: string, init: RequestInit = {}) => {
    const { token } = (await (await get("/api/config")).json()) as { token: string };
    const pageHeaders = { origin: `http://${HOST}`, "sec-fetch-site": "same-origin", "x-lab-token": token };
    return request(path, method, {
      ...init,
      headers: { ...pageHeaders, ...(init.headers as Record<string, string>) },
    });
  };
  return { app, inbox, stateFolder, get, post, request, write };
}

/** Starts a server that stands for a backend or Grafana. It is stopped after the test. Returns its address. */
export async function startBackend(test: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer({ maxHeaderSize: 64 * 1024 }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns one alert in Alertmanager's format. */
export const alertOf = (overrides: Record<string, unknown> = {}) => ({
  status: "firing",
  labels: { alertname: "TargetDown", service_name: "service-b", severity: "page" },
  annotations: {
    summary: "service-b is down",
    runbook_url: "http://127.0.0.1:8000/docs/runbooks/TargetDown",
  },
  startsAt: "2026-11-21T05:00:00.123456789Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://127.0.0.1:8000/prometheus/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
  fingerprint: "c0ffee0123456789",
  ...overrides,
});

/** Returns a payload of Alertmanager's webhook, version 4. */
export const payloadOf = (alerts: unknown[], overrides: Record<string, unknown> = {}) => ({
  version: "4",
  groupKey: '{}:{alertname="TargetDown"}',
  truncatedAlerts: 0,
  status: "firing",
  receiver: "console",
  groupLabels: { alertname: "TargetDown" },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "http://127.0.0.1:9093",
  alerts,
  ...overrides,
});
