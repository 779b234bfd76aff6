import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import {
  type IncompleteGroup,
  parseAlertLog,
  parseIncompleteGroups,
  type StoredAlert,
  timestamp,
} from "./alerts.ts";

/** The folder of the alert inbox, relative to the state folder, and its files. */
export const INBOX_FOLDER = "alerts";
export const ALERT_LOG = "alerts.jsonl";
export const HEARTBEAT_FILE = "heartbeat.json";

/** Returns the file that contains older lines. */
export const rotatedLog = (file: string): string => `${file}.1`;

/** The content of the alert inbox. */
export interface StoredInbox {
  /** Oldest first. */
  readonly alerts: StoredAlert[];
  /** The groups whose alerts are not all stored, oldest first. */
  readonly incompleteGroups: IncompleteGroup[];
  /** The time of the last heartbeat (ISO 8601), if one was received. */
  readonly lastHeartbeat: string | undefined;
}

/** Reads the files of the alert inbox in `folder`. Missing files are empty. Incomplete lines and files are skipped. */
export function readStoredInbox(folder: string): StoredInbox {
  const log = join(folder, ALERT_LOG);
  const text = [rotatedLog(log), log]
    .map((file) => (existsSync(file) ? readFileSync(file, "utf8") : ""))
    .join("\n");
  return {
    alerts: parseAlertLog(text),
    incompleteGroups: parseIncompleteGroups(text),
    lastHeartbeat: readHeartbeat(join(folder, HEARTBEAT_FILE)),
  };
}

const heartbeat = v.object({ lastSeenAt: timestamp });

function readHeartbeat(file: string): string | undefined {
  try {
    return v.parse(heartbeat, JSON.parse(readFileSync(file, "utf8"))).lastSeenAt;
  } catch {
    return undefined; // missing or invalid; the next heartbeat arrives within a minute
  }
}
