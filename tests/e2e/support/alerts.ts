import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IncompleteGroup, StoredAlert } from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/stack";
import { lab } from "./lab.ts";

const run = promisify(execFile);

/** `npx lab alerts …` on the shared stack; returns its output. */
export async function labAlerts(...options: string[]): Promise<string> {
  const cli = join(REPOSITORY, "packages/stack/src/cli/main.ts");
  const env = { LAB_STATE: (await lab()).stateFolder };
  const { stdout } = await run(process.execPath, [cli, "alerts", ...options], { env });
  return stdout;
}

/** Returns the inbox of the console, newest first. */
export async function inbox(): Promise<{
  alerts: StoredAlert[];
  cut: IncompleteGroup[];
  heartbeat: { lastSeenAt: string | null };
}> {
  const response = await fetch(`${(await lab()).address("console")}/api/alerts?limit=1000`);
  if (!response.ok)
    throw new Error(`the console responded with ${response.status}: ${await response.text()}`);
  return (await response.json()) as Awaited<ReturnType<typeof inbox>>;
}

/**
 * Returns the newest stored alert of this name and service in this state that came after `since` (milliseconds since
 * the epoch).
 */
export async function stored(
  status: StoredAlert["status"],
  labels: { alertname: string; service_name: string },
  since: number,
): Promise<StoredAlert | undefined> {
  return (await inbox()).alerts.find(
    (alert) =>
      alert.status === status &&
      alert.labels.alertname === labels.alertname &&
      alert.labels.service_name === labels.service_name &&
      Date.parse(alert.receivedAt) >= since,
  );
}
