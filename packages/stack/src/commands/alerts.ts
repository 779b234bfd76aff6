import { readAlerts } from "../alerts/read-alerts.ts";
import { alertTable, cutNotes } from "../alerts/table.ts";
import { readEnvironment } from "../env.ts";
import { httpAddress } from "../ports.ts";
import { readClaim } from "../state/claim.ts";

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
  const alertmanager = httpAddress(readClaim(state)?.ports ?? ports, "ALERTMANAGER_PORT");
  if (!options.json) for (const note of cutNotes(cuts, alertmanager)) console.log(`\n${note}`);
  if (!options.json && heartbeat) console.log(`\nAlertmanager's heartbeat was last heard at ${heartbeat}.`);
  return 0;
}
