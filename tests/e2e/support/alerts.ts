import type { IncompleteGroup, StoredAlert } from "@lgtm-lab/contracts";
import { lab } from "./lab.ts";
import { labOutput } from "./run-lab.ts";

/** `npx lab alerts …` on the shared stack; returns its output. */
export const labAlerts = async (...options: string[]): Promise<string> =>
  await labOutput((await lab()).stateFolder, "alerts", ...options);

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

/**
 * Returns the alerts that fired since a point in time (milliseconds since the epoch) according to an inbox, and those of
 * them that are not resolved. `address` is the address of its console, by default that of the shared stack.
 */
export async function firedSince(
  moment: number,
  address?: string,
): Promise<{ fired: StoredAlert[]; unresolved: StoredAlert[] }> {
  const messages = (await inbox(address)).alerts.filter(({ receivedAt }) => Date.parse(receivedAt) >= moment);
  // The inbox is sorted newest first. Each window of a page is a separate alert with its own last message.
  const last = new Map(messages.toReversed().map((alert) => [alert.fingerprint, alert]));
  const firing = (some: Iterable<StoredAlert>) => [...some].filter(({ status }) => status === "firing");
  return { fired: firing(messages), unresolved: firing(last.values()) };
}
