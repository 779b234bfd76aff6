import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ALERT_LOG, parseAlertLog, type StoredAlert } from "@lgtm-lab/contracts";

/** What the console has stored, oldest first, and when it last heard the heartbeat; also when nothing runs any more. */
export function readAlerts(state: string): { alerts: StoredAlert[]; heartbeat: string | undefined } {
  const file = join(state, ALERT_LOG);
  const alerts = [`${file}.1`, file].flatMap((each) =>
    existsSync(each) ? parseAlertLog(readFileSync(each, "utf8")) : [],
  );
  return { alerts, heartbeat: readHeartbeat(join(state, dirname(ALERT_LOG), "heartbeat.json")) };
}

function readHeartbeat(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, "utf8")).lastSeenAt;
}
