import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
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
import { openLineLog } from "./line-log.ts";

const MAX_BYTES = 1024 * 1024;
/** How many lines are kept at hand; more than that are in the files. */
const RECENT = 1000;

export interface Inbox {
  /**
   * Stores what is news: each alert once when it fires and once when it is resolved, and how many of its group were cut when
   * that has changed. Returns the number of alerts stored.
   */
  readonly take: (alerts: readonly StoredAlert[], cut?: StoredCut) => number;
  /** Notes that the dead man's switch was heard. */
  readonly heard: (at: string) => void;
  /** When it was heard last (ISO 8601), if ever. */
  readonly lastHeartbeat: () => string | undefined;
  /** The newest lines, newest first. */
  readonly recent: (limit?: number) => StoredAlert[];
  /** Those whose last word was that they fire, newest first. */
  readonly firing: () => StoredAlert[];
  /** The groups of which not all alerts are stored, newest first. */
  readonly cuts: () => StoredCut[];
}

/**
 * Opens the inbox in `folder`: alerts.jsonl, at most `maxBytes` long and one as long before it, and heartbeat.json.
 * Throws what the file system throws; so does `take`, and the sender then tries again.
 */
export function openInbox(folder: string, maxBytes = MAX_BYTES): Inbox {
  mkdirSync(folder, { recursive: true });
  const log = openLineLog(join(folder, basename(ALERT_LOG)), maxBytes);
  const heartbeatFile = join(folder, "heartbeat.json");
  const stored = log.read();
  let recent = parseAlertLog(stored).slice(-RECENT);
  let heartbeat = readHeartbeat(heartbeatFile);
  const latest = new Map(recent.map((alert) => [alertIdentity(alert), alert]));
  const cuts = new Map(
    parseCuts(stored)
      .slice(-RECENT)
      .map((cut) => [groupIdentity(cut), cut]),
  );

  /** Alertmanager sends an alert again whenever its group changes, and every `repeat_interval`. */
  function isNews(alert: StoredAlert): boolean {
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
      const news = alerts.filter(isNews);
      const newCut = cut && hasChanged(cut) ? cut : undefined;
      const lines = [...news, ...(newCut ? [newCut] : [])];
      if (lines.length > 0) log.append(lines.map((line) => JSON.stringify(line)));
      if (newCut) remember(newCut);
      for (const alert of news) {
        latest.delete(alertIdentity(alert)); // so that the map is in order of arrival
        latest.set(alertIdentity(alert), alert);
      }
      recent = [...recent, ...news].slice(-RECENT);
      forgetOld(latest);
      return news.length;
    },
    heard(at) {
      heartbeat = at;
      writeFileSync(`${heartbeatFile}.new`, `${JSON.stringify({ lastSeenAt: at })}\n`);
      renameSync(`${heartbeatFile}.new`, heartbeatFile);
    },
    lastHeartbeat: () => heartbeat,
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
    return undefined; // there is none yet, or it is not readable: the next one comes within a minute
  }
}
