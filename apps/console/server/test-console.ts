import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Lifecycle } from "@lgtm-lab/kit";
import { type Inbox, openInbox } from "./alerts/inbox.ts";
import { createConsole } from "./app.ts";
import { readEnv } from "./env.ts";

const HOST = "127.0.0.1:8000";
const NOBODY = "http://127.0.0.1:1";

/** A folder that is gone after the test. */
export function temporaryFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "console-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A console without a port, asked as its own name unless headers say otherwise. */
export function testConsole(test: TestContext, more: { inbox?: Inbox; GRAFANA_URL?: string } = {}) {
  const lifecycle = new Lifecycle();
  lifecycle.state = "serving";
  const env = readEnv({ GRAFANA_URL: more.GRAFANA_URL ?? NOBODY });
  const inbox = more.inbox ?? openInbox(temporaryFolder(test));
  const app = createConsole({ env, lifecycle, inbox });
  const get = async (path: string, headers: Record<string, string> = {}) =>
    app.request(`http://${HOST}${path}`, { headers: { host: HOST, ...headers } });
  const post = async (body: unknown, headers: Record<string, string> = {}) =>
    app.request(`http://${HOST}/api/alerts`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { host: HOST, "content-type": "application/json", ...headers },
    });
  const ask = async (path: string, method: string) =>
    app.request(`http://${HOST}${path}`, { method, headers: { host: HOST } });
  return { inbox, get, post, ask };
}

/** One alert as Alertmanager sends it. */
export const alertOf = (more: Record<string, unknown> = {}) => ({
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
  ...more,
});

/** One message of Alertmanager's webhook, version 4. */
export const messageOf = (alerts: unknown[], more: Record<string, unknown> = {}) => ({
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
  ...more,
});
