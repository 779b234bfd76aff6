import { join } from "node:path";
import {
  alertIdentity,
  INBOX_FOLDER,
  type IncompleteGroup,
  missingAlerts,
  readStoredInbox,
  type StoredAlert,
} from "@lgtm-lab/contracts";
import { readEnvironment } from "../env.ts";
import { httpAddress } from "../ports.ts";
import { readOwner } from "../supervisor/ownership.ts";
import { duration, plainTable } from "../terminal/format.ts";

/** Runs `lab alerts`: prints the newest stored alerts, in the order of their arrival. Returns the exit code. */
export async function alerts(options: { lines: number; json?: boolean }): Promise<number> {
  const { stateFolder, ports } = readEnvironment();
  const { alerts: all, incompleteGroups, lastHeartbeat } = readStoredInbox(join(stateFolder, INBOX_FOLDER));
  const shown = options.lines > 0 ? all.slice(-options.lines) : [];
  if (options.json)
    console.log(
      JSON.stringify(
        { alerts: shown, incompleteGroups, heartbeat: { lastSeenAt: lastHeartbeat ?? null } },
        null,
        2,
      ),
    );
  else if (all.length === 0) console.log(`No alert is stored in ${stateFolder}: none has fired yet.`);
  else console.log(alertTable(shown, all, Date.now()));
  const alertmanager = httpAddress(readOwner(stateFolder)?.ports ?? ports, "ALERTMANAGER_PORT");
  if (!options.json)
    for (const note of missingAlertsNotes(incompleteGroups, alertmanager)) console.log(`\n${note}`);
  if (!options.json && lastHeartbeat)
    console.log(`\nAlertmanager's last heartbeat was received at ${lastHeartbeat}.`);
  return 0;
}

const HEAD = ["received", "state", "alert", "service", "severity", "duration", "summary"];

/**
 * Formats alerts as a table. "duration" is the duration of a resolved alert, or the time since a firing one started. It
 * is empty for a firing entry if `all` contains a later entry of the same alert.
 */
export function alertTable(shown: readonly StoredAlert[], all: readonly StoredAlert[], now: number): string {
  const last = new Map(all.map((alert) => [alertIdentity(alert), alert]));
  const rows = shown.map((alert) => [
    timeOf(alert.receivedAt),
    alert.status,
    alert.labels.alertname ?? "-",
    alert.labels.service_name ?? "-",
    alert.labels.severity ?? "-",
    howLong(alert, last.get(alertIdentity(alert)) === alert, now),
    alert.annotations.summary ?? "-",
  ]);
  return plainTable(
    rows.map((row) => row.map(printable)),
    HEAD,
  );
}

/** Returns a note for each group whose alerts are not all stored, with the place of all of them. */
export function missingAlertsNotes(groups: readonly IncompleteGroup[], alertmanager: string): string[] {
  return groups.map((group) => {
    const where = group.source === "grafana" ? "in Grafana" : `curl -s ${alertmanager}/api/v2/alerts`;
    return printable(
      `${missingAlerts(group)} not stored (message of ${timeOf(group.receivedAt)}). All of them: ${where}`,
    );
  });
}

function howLong({ status, startsAt, endsAt }: StoredAlert, isLast: boolean, now: number): string {
  const seconds = (until: number) => duration(Math.max(0, Math.round((until - Date.parse(startsAt)) / 1000)));
  if (status === "resolved") return endsAt ? seconds(Date.parse(endsAt)) : "-";
  return isLast ? `${seconds(now)} so far` : "-";
}

/** Local time, to the second. */
function timeOf(iso: string): string {
  return new Date(iso).toLocaleString("sv-SE");
}

/** Replaces control characters, because alert labels are untrusted input. */
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "�");
