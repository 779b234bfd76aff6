import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ALERT_LOG, parseAlertLog, parseCuts, type StoredAlert, type StoredCut } from "@lgtm-lab/contracts";

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
