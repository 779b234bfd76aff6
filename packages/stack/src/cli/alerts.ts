import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  ALERT_LOG,
  alertIdentity,
  groupName,
  parseAlertLog,
  parseCuts,
  type StoredAlert,
  type StoredCut,
} from "@lgtm-lab/contracts";
import { readEnvironment } from "../env.ts";
import { httpAddress } from "../ports.ts";
import { readOwner } from "../supervisor/ownership.ts";
import { duration, plainTable } from "../terminal/format.ts";

/** `lab alerts`: the newest stored alerts, oldest of them first, as a log is read; the exit code. */
export async function alerts(options: { lines: number; json?: boolean }): Promise<number> {
  const { state, ports } = readEnvironment();
  const { alerts: all, cuts, heartbeat } = readAlerts(state);
  const shown = options.lines > 0 ? all.slice(-options.lines) : [];
  if (options.json)
    console.log(
      JSON.stringify({ alerts: shown, cut: cuts, heartbeat: { lastSeenAt: heartbeat ?? null } }, null, 2),
    );
  else if (all.length === 0) console.log(`No alert is stored in ${state}: none has fired yet.`);
  else console.log(alertTable(shown, all, Date.now()));
  const alertmanager = httpAddress(readOwner(state)?.ports ?? ports, "ALERTMANAGER_PORT");
  if (!options.json) for (const note of cutNotes(cuts, alertmanager)) console.log(`\n${note}`);
  if (!options.json && heartbeat) console.log(`\nAlertmanager's heartbeat was last heard at ${heartbeat}.`);
  return 0;
}

const HEAD = ["received", "state", "alert", "service", "severity", "how long", "summary"];

/**
 * Alerts as a table. How long: a resolved one fired so long; one that fires has done so since; one that was resolved
 * later (`all` knows) has it there.
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

/** Says which groups have more alerts than are stored, and where all of them are. */
export function cutNotes(cuts: readonly StoredCut[], alertmanager: string): string[] {
  return cuts.map((group) => {
    const where = group.source === "grafana" ? "in Grafana" : `curl -s ${alertmanager}/api/v2/alerts`;
    return printable(
      `${group.cut.toLocaleString("en")} more alerts of the group ${groupName(group)} are not stored (message of ${timeOf(group.receivedAt)}). All of them: ${where}`,
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

/** Labels come from whoever sends an alert: what would move a terminal's cursor is not shown. */
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "�");

export interface ReadAlerts {
  /** Oldest first. */
  readonly alerts: StoredAlert[];
  /** The groups of which not all alerts were stored. */
  readonly cuts: StoredCut[];
  /** When the heartbeat was last heard. */
  readonly heartbeat: string | undefined;
}

/** What the console has stored; also when nothing runs any more. */
export function readAlerts(state: string): ReadAlerts {
  const file = join(state, ALERT_LOG);
  const text = [`${file}.1`, file]
    .map((each) => (existsSync(each) ? readFileSync(each, "utf8") : ""))
    .join("\n");
  return {
    alerts: parseAlertLog(text),
    cuts: parseCuts(text),
    heartbeat: readHeartbeat(join(state, dirname(ALERT_LOG), "heartbeat.json")),
  };
}

function readHeartbeat(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, "utf8")).lastSeenAt;
}
