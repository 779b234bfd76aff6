import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
} from "node:fs";
import { basename, join } from "node:path";
import {
  ALERT_LOG,
  alertIdentity,
  groupIdentity,
  parseAlertLog,
  parseCuts,
  type StoredAlert,
  type StoredCut,
} from "@lgtm-lab/contracts";
import writeFileAtomic from "write-file-atomic";

const MAX_BYTES = 1024 * 1024;
/** Maximum number of alerts in memory. The files can contain more. */
const RECENT = 1000;

/** Stores the received alerts. */
export interface Inbox {
  /**
   * Stores changes: each alert once when it fires and once when it is resolved, and the number of omitted alerts of the
   * group if it has changed. Returns the number of alerts stored.
   */
  readonly take: (alerts: readonly StoredAlert[], cut?: StoredCut) => number;
  /** Stores the time of a heartbeat (the alert Watchdog). */
  readonly heartbeat: (at: string) => void;
  /** Returns the time of the last heartbeat (ISO 8601), if one was received. */
  readonly lastHeartbeat: () => string | undefined;
  /** Returns the latest alerts, newest first. */
  readonly recent: (limit?: number) => StoredAlert[];
  /** Returns the firing alerts, newest first. */
  readonly firing: () => StoredAlert[];
  /** Returns the groups with omitted alerts, newest first. */
  readonly cuts: () => StoredCut[];
}

/**
 * Opens the inbox in `folder`: alerts.jsonl and alerts.jsonl.1, each at most `maxBytes` long, and heartbeat.json.
 * Throws file system errors. `take` throws them too, so that the sender retries.
 */
export function openInbox(folder: string, maxBytes = MAX_BYTES): Inbox {
  mkdirSync(folder, { recursive: true });
  const log = openLineLog(join(folder, basename(ALERT_LOG)), maxBytes);
  const heartbeatFile = join(folder, "heartbeat.json");
  const stored = log.read();
  let recent = parseAlertLog(stored).slice(-RECENT);
  let lastHeartbeat = readHeartbeat(heartbeatFile);
  const latest = new Map(recent.map((alert) => [alertIdentity(alert), alert]));
  const cuts = new Map(
    parseCuts(stored)
      .slice(-RECENT)
      .map((cut) => [groupIdentity(cut), cut]),
  );

  /** Detects repeated messages: Alertmanager sends an alert again if its group changes, and every `repeat_interval`. */
  function isNew(alert: StoredAlert): boolean {
    const last = latest.get(alertIdentity(alert));
    return last?.status !== alert.status || last.startsAt !== alert.startsAt;
  }

  const hasChanged = (cut: StoredCut): boolean => (cuts.get(groupIdentity(cut))?.cut ?? 0) !== cut.cut;

  function remember(cut: StoredCut): void {
    cuts.delete(groupIdentity(cut));
    if (cut.cut > 0) cuts.set(groupIdentity(cut), cut);
    forgetOld(cuts);
  }

  return {
    take(alerts, cut) {
      const added = alerts.filter(isNew);
      const newCut = cut && hasChanged(cut) ? cut : undefined;
      const lines = [...added, ...(newCut ? [newCut] : [])];
      if (lines.length > 0) log.append(lines.map((line) => JSON.stringify(line)));
      if (newCut) remember(newCut);
      for (const alert of added) {
        latest.delete(alertIdentity(alert)); // keeps the map in order of arrival
        latest.set(alertIdentity(alert), alert);
      }
      recent = [...recent, ...added].slice(-RECENT);
      forgetOld(latest);
      return added.length;
    },
    heartbeat(at) {
      lastHeartbeat = at;
      writeFileAtomic.sync(heartbeatFile, `${JSON.stringify({ lastSeenAt: at })}\n`);
    },
    lastHeartbeat: () => lastHeartbeat,
    recent: (limit = RECENT) => recent.slice(-limit).reverse(),
    firing: () => [...latest.values()].filter(({ status }) => status === "firing").reverse(),
    cuts: () => [...cuts.values()].reverse(),
  };
}

function forgetOld(latest: Map<string, unknown>): void {
  for (const key of latest.keys()) {
    if (latest.size <= RECENT) return;
    latest.delete(key);
  }
}

function readHeartbeat(file: string): string | undefined {
  try {
    const { lastSeenAt } = JSON.parse(readFileSync(file, "utf8"));
    return typeof lastSeenAt === "string" ? lastSeenAt : undefined;
  } catch {
    return undefined; // missing or invalid; the next heartbeat arrives within a minute
  }
}

/** An append-only file of lines. */
interface LineLog {
  /** Appends lines in one write. Throws file system errors. */
  readonly append: (lines: readonly string[]) => void;
  /** Reads all lines that were not rotated out, oldest first. */
  readonly read: () => string;
}

/**
 * Opens a file of lines. Before the file would exceed `maxBytes`, it is renamed to `<file>.1`, replacing the previous
 * one. A crash or a full disk can leave an incomplete line. The next append terminates it, so no other line is lost.
 */
function openLineLog(file: string, maxBytes: number): LineLog {
  const rotated = `${file}.1`;
  return {
    append(lines) {
      const { size, incomplete } = endOf(file);
      const text = `${incomplete ? "\n" : ""}${lines.join("\n")}\n`;
      if (size > 0 && size + Buffer.byteLength(text) > maxBytes) renameSync(file, rotated);
      appendFileSync(file, text, { mode: 0o600 });
    },
    read: () =>
      [rotated, file].map((each) => (existsSync(each) ? readFileSync(each, "utf8") : "")).join("\n"),
  };
}

/** Returns the size of a file and whether its last line is incomplete. */
function endOf(file: string): { size: number; incomplete: boolean } {
  if (!existsSync(file)) return { size: 0, incomplete: false };
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    const isRead = size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1;
    return { size, incomplete: isRead && last.toString() !== "\n" };
  } finally {
    closeSync(descriptor);
  }
}
