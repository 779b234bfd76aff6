import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type IncompleteGroup, missingAlerts } from "@lgtm-lab/contracts";
import { alertInbox } from "../components/console.ts";
import { targetFile } from "../components/prometheus.ts";
import { HOST } from "../ports.ts";
import { readRecords } from "../supervisor/state-folder.ts";
import {
  allBroken,
  broken,
  type CheckResult,
  type Diagnosis,
  fine,
  type Hop,
  readyHop,
  starting,
  waitUntilOk,
} from "./hop.ts";
import { getJson, getText, type PageSample, parseSamples } from "./http.ts";

const DISCOVERY_MS = 10_000;
/** Alertmanager sends a heartbeat once a minute. Two missing heartbeats in a row are a problem. */
const HEARTBEAT_LATE_MS = 150_000;

const reached: Hop = {
  name: "Prometheus → Alertmanager",
  check: ({ at, ports, stateFolder }) =>
    waitUntilOk(DISCOVERY_MS, async () => {
      const url = at("PROMETHEUS_PORT", "/api/v1/alertmanagers");
      const { data } = await getJson<{ data: { activeAlertmanagers: { url: string }[] } }>(url);
      const known = data.activeAlertmanagers.map((manager) => manager.url);
      if (known.some((address) => address.startsWith(at("ALERTMANAGER_PORT", "/"))))
        return fine(known.join(", "));
      return allBroken([
        starting(stateFolder, "console") ?? {
          cause: `Prometheus sends alerts to ${known.join(", ") || "no Alertmanager"}`,
          fix: `${targetFile(stateFolder, "alertmanager.json")} must list ${HOST}:${ports.ALERTMANAGER_PORT}`,
        },
      ]);
    }),
};

/**
 * Checks that Alertmanager has the inbox's address, and that heartbeats arrive, which use the same path as every alert.
 */
const delivered: Hop = {
  name: "Alertmanager → console",
  check: async (context) => {
    const inbox = alertInbox(context.ports);
    const file = webhookFile(context.stateFolder);
    const address = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    if (address !== inbox)
      return broken(
        `Alertmanager sends alerts to ${address || "no address"} (${file})`,
        `write ${inbox} to that file, which Alertmanager reads for each message; or run npx lab down && npx lab up -d`,
      );
    const { heartbeat, incompleteGroups } = await getJson<Inbox>(inbox);
    const samples = parseSamples((await getText(context.at("ALERTMANAGER_PORT", "/metrics"))).body);
    const result = heartbeatResult(heartbeat.lastSeenAt, samples, Date.now());
    return result.state === "ok" ? fine(result.detail, incompleteGroups.map(missingAlertsNote)) : result;
  },
};

interface Inbox {
  readonly heartbeat: { readonly lastSeenAt: string | null };
  readonly incompleteGroups: readonly IncompleteGroup[];
}

const missingAlertsNote = (group: IncompleteGroup): Diagnosis => ({
  cause: `${missingAlerts(group)} not in the inbox`,
  fix: "none needed: a message carries at most max_alerts (alertmanager.yml), and the inbox stores 1 MiB of it; all of them are in Alertmanager's /api/v2/alerts",
});

/** Returns the result from the last heartbeat in the inbox and Alertmanager's counters. */
export function heartbeatResult(
  lastSeenAt: string | null,
  samples: readonly PageSample[],
  now: number,
): CheckResult {
  const webhook = samples.filter(({ labels }) => labels.integration === "webhook");
  const sum = (name: string) =>
    webhook.filter((sample) => sample.name === name).reduce((total, { value }) => total + value, 0);
  const requests = sum("alertmanager_notification_requests_total");
  const failed = sum("alertmanager_notification_requests_failed_total");
  const counts = `${requests - failed} of ${requests} requests to the inbox succeeded`;
  const startedAt = (samples.find(({ name }) => name === "process_start_time_seconds")?.value ?? 0) * 1000;
  const heardAt = lastSeenAt === null ? startedAt : Math.max(Date.parse(lastSeenAt), startedAt);
  const silentMs = now - heardAt;
  const logs = "npx lab logs alertmanager and npx lab logs console show the error";
  if (requests > 0 && failed === requests)
    return broken(`Alertmanager cannot deliver to the inbox: all ${requests} requests failed`, logs);
  if (silentMs > HEARTBEAT_LATE_MS)
    return broken(
      `the inbox has received no heartbeat for ${Math.round(silentMs / 1000)} s; ${counts}`,
      `${logs}; docs/runbooks/Watchdog.md`,
    );
  if (lastSeenAt === null || Date.parse(lastSeenAt) < startedAt)
    return fine("just started: the first heartbeat is due within a minute");
  return fine(`heartbeat received ${Math.round(silentMs / 1000)} s ago; ${counts}`);
}

/** Returns the file in Alertmanager's folder that contains the inbox's address. */
function webhookFile(stateFolder: string): string {
  const version = readRecords(stateFolder).find(({ name }) => name === "alertmanager")?.version;
  return join(stateFolder, `alertmanager-${version}`, "webhook-url");
}

/** Prometheus → Alertmanager → the console's inbox. */
export const alerts: readonly Hop[] = [
  readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"),
  readyHop("alertmanager", "ALERTMANAGER_PORT", "/-/ready"),
  reached,
  readyHop("console", "CONSOLE_PORT", "/readyz"),
  delivered,
];
