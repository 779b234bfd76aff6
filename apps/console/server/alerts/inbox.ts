import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
} from "node:fs";
import { join } from "node:path";
import {
  ALERT_LOG,
  alertIdentity,
  groupIdentity,
  HEARTBEAT_FILE,
  type IncompleteGroup,
  readStoredInbox,
  rotatedLog,
  type StoredAlert,
} from "@lgtm-lab/contracts";
import writeFileAtomic from "write-file-atomic";

const MAX_BYTES = 1024 * 1024;
/** Maximum number of alerts in memory. The files can contain more. */
const MAX_ALERTS = 1000;

/** Stores the received alerts. */
export interface Inbox {
  /**
   * Stores changes: each alert once when it fires and once when it is resolved, and the number of missing alerts of the
   * group (omitted by the sender or the inbox) if it has changed. Returns the number of alerts stored.
   */
  readonly store: (alerts: readonly StoredAlert[], group?: IncompleteGroup) => number;
  /** Stores the time of a heartbeat (the alert Watchdog). */
  readonly recordHeartbeat: (at: string) => void;
  /** Returns the time of the last heartbeat (ISO 8601), if one was received. */
  readonly lastHeartbeat: () => string | undefined;
  /** Returns the latest alerts, newest first. */
  readonly recent: (limit?: number) => StoredAlert[];
  /** Returns the firing alerts, newest first. */
  readonly firing: () => StoredAlert[];
  /** Returns the groups with missing alerts, newest first. */
  readonly incompleteGroups: () => IncompleteGroup[];
}

/**
 * Opens the inbox in `folder`: alerts.jsonl and alerts.jsonl.1, each at most `maxBytes` long, and heartbeat.json.
 * Throws file system errors. `store` throws them too, so that the sender retries.
 */
export function openInbox(folder: string, maxBytes = MAX_BYTES): Inbox {
  mkdirSync(folder, { recursive: true });
  const appendToLog = createAppender(join(folder, ALERT_LOG), maxBytes);
  const stored = readStoredInbox(folder);
  let recent = stored.alerts.slice(-MAX_ALERTS);
  let { lastHeartbeat } = stored;
  const latest = new Map(recent.map((alert) => [alertIdentity(alert), alert]));
  const incompleteGroups = new Map(
    stored.incompleteGroups.slice(-MAX_ALERTS).map((group) => [groupIdentity(group), group]),
  );

  /** Detects repeated messages: Alertmanager sends an alert again if its group changes, and every `repeat_interval`. */
  function isNew(alert: StoredAlert): boolean {
    const last = latest.get(alertIdentity(alert));
    return last?.status !== alert.status || last.startsAt !== alert.startsAt;
  }

  const hasChanged = (group: IncompleteGroup): boolean =>
    (incompleteGroups.get(groupIdentity(group))?.missing ?? 0) !== group.missing;

  function updateIncompleteGroups(group: IncompleteGroup): void {
    incompleteGroups.delete(groupIdentity(group));
    if (group.missing > 0) incompleteGroups.set(groupIdentity(group), group);
    removeOldest(incompleteGroups);
  }

  return {
    store(alerts, group) {
      const added = alerts.filter(isNew);
      const changed = group && hasChanged(group) ? group : undefined;
      const lines = [...added, ...(changed ? [changed] : [])];
      if (lines.length > 0) appendToLog(lines.map((line) => JSON.stringify(line)));
      if (changed) updateIncompleteGroups(changed);
      for (const alert of added) {
        latest.delete(alertIdentity(alert)); // keeps the map in order of arrival
        latest.set(alertIdentity(alert), alert);
      }
      recent = [...recent, ...added].slice(-MAX_ALERTS);
      removeOldest(latest);
      return added.length;
    },
    recordHeartbeat(at) {
      lastHeartbeat = at;
      writeFileAtomic.sync(join(folder, HEARTBEAT_FILE), `${JSON.stringify({ lastSeenAt: at })}\n`);
    },
    lastHeartbeat: () => lastHeartbeat,
    recent: (limit = MAX_ALERTS) => recent.slice(-limit).reverse(),
    firing: () => [...latest.values()].filter(({ status }) => status === "firing").reverse(),
    incompleteGroups: () => [...incompleteGroups.values()].reverse(),
  };
}

function removeOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= MAX_ALERTS) return;
    map.delete(key);
  }
}

/**
 * Returns a function that appends lines to a file in one write, and throws file system errors. Before the file would
 * exceed `maxBytes`, it is renamed to `<file>.1`, replacing the previous one. A crash or a full disk can leave an
 * incomplete line. The next append terminates it, so no other line is lost.
 */
function createAppender(file: string, maxBytes: number): (lines: readonly string[]) => void {
  return (lines) => {
    const { size, incomplete } = endOf(file);
    const text = `${incomplete ? "\n" : ""}${lines.join("\n")}\n`;
    if (size > 0 && size + Buffer.byteLength(text) > maxBytes) renameSync(file, rotatedLog(file));
    appendFileSync(file, text, { mode: 0o600 });
  };
}

/** Returns the size of a file and whether its last line is incomplete. */
function endOf(file: string): { size: number; incomplete: boolean } {
  if (!existsSync(file)) return { size: 0, incomplete: false };
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    const hasLastByte = size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1;
    return { size, incomplete: hasLastByte && last.toString() !== "\n" };
  } finally {
    closeSync(descriptor);
  }
}
