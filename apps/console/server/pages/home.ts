import { existsSync } from "node:fs";
import { join } from "node:path";
import { groupName, type StoredAlert, type StoredCut } from "@lgtm-lab/contracts";
import type { Handler } from "hono";
import { html } from "hono/html";
import type { Inbox } from "../alerts/inbox.ts";
import type { Env } from "../env.ts";
import { grafanaRuns } from "./grafana.ts";
import { type Html, link, linkIfAny, page } from "./layout.ts";

/** `GET /plain`, and every view while the application is not built: where everything is, and what fires. */
export function homePage(env: Env, inbox: Inbox): Handler {
  return async function home(c) {
    const addresses = addressesOf(env, await grafanaRuns(env.GRAFANA_URL));
    const built = existsSync(join(env.CONSOLE_DIST, "index.html"));
    const heartbeat = inbox.lastHeartbeat();
    return c.html(
      page(
        "The lab",
        html`<h2>Firing</h2>
${firingTable(inbox.firing())}
${inbox.cuts().map(cutNote)}
<p>As Alertmanager said last. ${
          heartbeat
            ? html`Its heartbeat was last heard at <time>${heartbeat}</time>; it comes once a minute.`
            : "Its heartbeat has not been heard yet; it comes once a minute."
        } <code>npx lab alerts</code> shows what was resolved, too.</p>
<h2>Addresses</h2>
<table><tbody>
${addresses.map(([what, address]) => html`<tr><th scope="row">${what}</th><td>${link(address, address)}</td></tr>\n`)}
</tbody></table>
${
  built
    ? html`<p>This page works without a script; <a href="/">the console</a> shows more.</p>`
    : html`<p>The console itself, with dashboards, traces and logs, is not built: this page stands in its place.
<code>npm start</code> builds it, and so does <code>npm run build -w @lgtm-lab/console</code>; reload this page then.</p>`
}`,
      ),
    );
  };
}

/** Not all alerts of a group are in the inbox: a message carries a bounded number of them. */
const cutNote = (group: StoredCut): Html =>
  html`<p>${group.cut.toLocaleString("en")} more alerts of the group ${groupName(group)} are not stored here
(message of <time>${group.receivedAt}</time>): ask the sender for all of them.</p>\n`;

function firingTable(firing: readonly StoredAlert[]): Html {
  if (firing.length === 0) return html`<p>Nothing.</p>`;
  return html`<table>
<thead><tr><th>since</th><th>severity</th><th>alert</th><th>service</th><th>what</th></tr></thead>
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

function addressesOf(env: Env, withGrafana: boolean): [what: string, address: string][] {
  return [
    ["gateway, gRPC behind it", `${env.GATEWAY_PUBLIC_URL ?? env.GATEWAY_URL}/a/hello?name=Ana`],
    [
      "gateway, REST behind it",
      `${env.GATEWAY_REST_PUBLIC_URL ?? env.GATEWAY_REST_URL}/b/numbers?count=10&delay_ms=5`,
    ],
    ["metrics (Prometheus)", `${env.PROMETHEUS_PUBLIC_URL ?? env.PROMETHEUS_URL}/api/v1/query?query=up`],
    ["alerts (Alertmanager)", `${env.ALERTMANAGER_PUBLIC_URL ?? env.ALERTMANAGER_URL}/api/v2/alerts`],
    ["traces (Tempo)", `${env.TEMPO_PUBLIC_URL ?? env.TEMPO_URL}/api/search`],
    ["logs (Loki)", `${env.LOKI_PUBLIC_URL ?? env.CONSOLE_LOKI_URL}/loki/api/v1/labels`],
    ["dashboards (Grafana)", withGrafana ? (env.GRAFANA_PUBLIC_URL ?? env.GRAFANA_URL) : "does not run here"],
  ];
}
