import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRecords } from "../state/records.ts";

/** Beside Grafana's database, which holds the same one: Grafana reads it at its very first start only. */
const passwordFile = (data: string) => join(data, "admin-password");

/** Makes a password for Grafana's admin, unless there is one or the user gave one: everybody here may look, but only its owner is admin. */
export function makePassword(data: string, given: string | undefined): void {
  if (given !== undefined || existsSync(passwordFile(data))) return;
  writeFileSync(passwordFile(data), randomUUID(), { mode: 0o600 });
}

export function adminPassword(data: string, given: string | undefined): string {
  return given ?? readFileSync(passwordFile(data), "utf8");
}

/** What to tell of a password that was made since this process began; nothing at every later start. */
export function newPassword(state: string, since: number = performance.timeOrigin): string | undefined {
  const grafana = readRecords(state).find(({ name }) => name === "grafana");
  if (!grafana?.version) return undefined;
  const file = passwordFile(join(state, `grafana-${grafana.version}`));
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (made < since) return undefined;
  return `Grafana's admin password, shown this once: ${readFileSync(file, "utf8")} (kept in ${file})`;
}
