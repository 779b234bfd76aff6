import { alertIdentity, groupName, type StoredAlert, type StoredCut } from "@lgtm-lab/contracts";
import { duration } from "../report/duration.ts";
import { plainTable } from "../report/table.ts";

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
