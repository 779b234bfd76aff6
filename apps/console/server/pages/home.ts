import { existsSync } from "node:fs";
import { join } from "node:path";
import { type IncompleteGroup, missingAlerts, type StoredAlert } from "@lgtm-lab/contracts";
import type { Handler } from "hono";
import { html } from "hono/html";
import type { Inbox } from "../alerts/inbox.ts";
import type { Env } from "../env.ts";
import { isGrafanaRunning } from "../upstreams/upstreams.ts";
import { type Html, link, linkIfAny, page } from "./layout.ts";

/** `GET /plain`: addresses and firing alerts. Served in place of every view until the web application is built. */
export function homePage(env: Env, inbox: Inbox): Handler {
  return async function home(c) {
    const addresses = addressesOf(env, await isGrafanaRunning(env.GRAFANA_URL));
    const built = existsSync(join(env.CONSOLE_DIST, "index.html"));
    const heartbeat = inbox.lastHeartbeat();
    return c.html(
      page(
        "lgtm-lab",
        html`<h2>Firing</h2>
${firingTable(inbox.firing())}
${inbox.incompleteGroups().map(missingAlertsNote)}
<p>This list shows the last state that Alertmanager or Grafana sent. ${
          heartbeat
            ? html`Alertmanager sends a heartbeat once a minute. The last one arrived at <time>${heartbeat}</time>.`
            : "Alertmanager sends a heartbeat once a minute. None has arrived yet."
        } <code>npx lab alerts</code> shows resolved alerts too.</p>
<h2>Addresses</h2>
<table><tbody>
${addresses.map(([name, address]) => html`<tr><th scope="row">${name}</th><td>${link(address, address)}</td></tr>\n`)}
</tbody></table>
${
  built
    ? html`<p>This page works without scripts; <a href="/">the console</a> shows more.</p>`
    : html`<p>The console's web application, with dashboards, traces and logs, is not built yet. To build it, run
<code>npm start</code> or <code>npm run build -w @lgtm-lab/console</code>, then reload this page.</p>`
}`,
      ),
    );
  };
}

/** States how many alerts of a group are not stored, because a message or the inbox had a limit. */
function missingAlertsNote(group: IncompleteGroup): Html {
  return html`<p>${missingAlerts(group)} not stored here
(message of <time>${group.receivedAt}</time>). ${group.source === "grafana" ? "Grafana" : "Alertmanager"} has all alerts.</p>\n`;
}

function firingTable(firing: readonly StoredAlert[]): Html {
  if (firing.length === 0) return html`<p>No alert is firing.</p>`;
  return html`<table>
<thead><tr><th>since</th><th>severity</th><th>alert</th><th>service</th><th>summary</th></tr></thead>
<tbody>
${firing.map(
  ({ labels, annotations, startsAt, generatorURL }) => html`<tr>
<td><time>${startsAt}</time></td>
<td>${labels.severity ?? "-"}</td>
<td>${link(annotations.runbook_url, labels.alertname ?? "-")}</td>
<td>${labels.service_name ?? "-"}</td>
<td>${annotations.summary ?? ""} ${linkIfAny(annotations.dashboard_url, "dashboard")} ${linkIfAny(generatorURL, "query")}</td>
</tr>
`,
)}
</tbody></table>`;
}

function addressesOf(env: Env, grafanaRunning: boolean): [name: string, address: string][] {
  return [
    ["gateway (gRPC)", `${env.GATEWAY_PUBLIC_URL ?? env.GATEWAY_URL}/a/hello?name=Ana`],
    [
      "gateway (REST)",
      `${env.GATEWAY_REST_PUBLIC_URL ?? env.GATEWAY_REST_URL}/b/numbers?count=10&delay_ms=5`,
    ],
    ["metrics (Prometheus)", `${env.PROMETHEUS_PUBLIC_URL ?? env.PROMETHEUS_URL}/api/v1/query?query=up`],
    ["alerts (Alertmanager)", `${env.ALERTMANAGER_PUBLIC_URL ?? env.ALERTMANAGER_URL}/api/v2/alerts`],
    ["traces (Tempo)", `${env.TEMPO_PUBLIC_URL ?? env.TEMPO_URL}/api/search`],
    ["logs (Loki)", `${env.LOKI_PUBLIC_URL ?? env.CONSOLE_LOKI_URL}/loki/api/v1/labels`],
    ["dashboards (Grafana)", grafanaRunning ? (env.GRAFANA_PUBLIC_URL ?? env.GRAFANA_URL) : "not running"],
  ];
}
