import assert from "node:assert/strict";
import type { IncompleteGroup, StoredAlert } from "@lgtm-lab/contracts";
import { lab } from "./lab.ts";
import { runLab } from "./run-lab.ts";

/** `npx lab alerts …` on the shared stack; returns its output. */
export async function labAlerts(...options: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await runLab((await lab()).stateFolder, "alerts", ...options);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

/** Returns the inbox of a console, by default that of the shared stack, newest first. */
export async function inbox(address?: string): Promise<{
  alerts: StoredAlert[];
  incompleteGroups: IncompleteGroup[];
  heartbeat: { lastSeenAt: string | null };
}> {
  const console = address ?? (await lab()).address("console");
  const response = await fetch(`${console}/api/alerts?limit=1000`);
  if (!response.ok)
    throw new Error(`the console responded with ${response.status}: ${await response.text()}`);
  return (await response.json()) as Awaited<ReturnType<typeof inbox>>;
}

/**
 * Returns the newest stored alert of this name and service in this state that came after `since` (milliseconds since
 * the epoch), in the inbox of a console, by default that of the shared stack.
 */
export async function stored(
  status: StoredAlert["status"],
  labels: { alertname: string; service_name: string },
  since: number,
  address?: string,
): Promise<StoredAlert | undefined> {
  return (await inbox(address)).alerts.find(
    (alert) =>
      alert.status === status &&
      alert.labels.alertname === labels.alertname &&
      alert.labels.service_name === labels.service_name &&
      Date.parse(alert.receivedAt) >= since,
  );
}
