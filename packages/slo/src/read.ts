import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { REPOSITORY } from "./repository.ts";
import { openSlo } from "./schema.ts";
import { type Slo, toSlo } from "./slo.ts";

/** Says which file and which field is wrong, one line for each. */
export class SloDocumentError extends Error {
  override name = "SloDocumentError";
}

/**
 * Reads every OpenSLO document of a folder (`slo/` of the clone), ordered by name.
 * @throws {SloDocumentError} that lists everything wrong in all files.
 */
export function readSlos(folder: string = join(REPOSITORY, "slo")): Slo[] {
  const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  if (files.length === 0) throw new SloDocumentError(`${folder}: no *.yaml in it`);
  const complaints: string[] = [];
  const slos = files.sort().flatMap((file) => {
    const path = join(folder, file);
    const result = parseSlo(readFileSync(path, "utf8"), file);
    const label = relative(process.cwd(), path);
    if (!Array.isArray(result)) return [result];
    complaints.push(...result.map((complaint) => `${label}: ${complaint}`));
    return [];
  });
  if (complaints.length > 0) throw new SloDocumentError(complaints.join("\n"));
  return slos;
}

/** One document as an {@link Slo}, or what is wrong with it, field by field. */
export function parseSlo(text: string, file: string): Slo | string[] {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    return document.errors.map(({ message }) => message.split("\n")[0] ?? message);
  const parsed = openSlo.safeParse(document.toJS());
  if (!parsed.success) return parsed.error.issues.map(complaint);
  const slo = toSlo(parsed.data);
  const stem = basename(file).replace(/\.ya?ml$/, "");
  if (slo.name !== stem) return [`metadata.name: must be ${stem}, like the file (is ${slo.name})`];
  return slo;
}

function complaint(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key),
    "",
  );
  return `${path || "the document"}: ${issue.message}`;
}
