import { readAlerts } from "../alerts/read-alerts.ts";
import { alertTable } from "../alerts/table.ts";
import { readEnvironment } from "../env.ts";

/** `lab alerts`: the newest stored alerts, oldest of them first, as a log is read; the exit code. */
export async function alerts(options: { lines: number; json?: boolean }): Promise<number> {
  const { state } = readEnvironment();
  const { alerts: all, heartbeat } = readAlerts(state);
  const shown = options.lines > 0 ? all.slice(-options.lines) : [];
  if (options.json)
    console.log(JSON.stringify({ alerts: shown, heartbeat: { lastSeenAt: heartbeat ?? null } }, null, 2));
  else if (all.length === 0) console.log(`No alert is stored in ${state}: none has fired yet.`);
  else console.log(alertTable(shown, all, Date.now()));
  if (!options.json && heartbeat) console.log(`\nAlertmanager's heartbeat was last heard at ${heartbeat}.`);
  return 0;
}
