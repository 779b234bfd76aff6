import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { parseAllDocuments } from "yaml";
import { describe } from "./schema.ts";
import { oneLine } from "./selector.ts";
import { type Diagnostics, type OpenSloObject, type Slo, toSlos } from "./slo.ts";

/** Mistakes in SLO documents: one line each, with file, field and correction. */
export class SloDocumentError extends Error {
  override name = "SloDocumentError";
}

/** The objectives of a folder, with notes on its documents. */
export interface SloFolder {
  /** Ordered by name. */
  readonly slos: Slo[];
  /** One line for each part of a document that has no effect, with file and field. */
  readonly notes: string[];
}

/**
 * Reads every OpenSLO document of a folder (`slo/` of the clone), ordered by name.
 * @throws {SloDocumentError} listing all mistakes in all files.
 */
export const readSlos = (folder: string = join(REPOSITORY, "slo")): Slo[] => readSloFolder(folder).slos;

/**
 * Like {@link readSlos}, with notes.
 * @throws {SloDocumentError} listing all mistakes in all files.
 */
export function readSloFolder(folder: string = join(REPOSITORY, "slo")): SloFolder {
  const mistakes: string[] = [];
  const notes: string[] = [];
  const diagnostics: Diagnostics = {
    mistake: ({ label }, path, sentence) => mistakes.push(`${label}: ${path || "the document"}: ${sentence}`),
    note: ({ label }, path, sentence) => notes.push(`${label}: ${path}: ${sentence}`),
  };
  const objects = fileNamesIn(folder).flatMap((file) => {
    const label = oneLine(`${basename(folder)}/${file}`);
    if (!/\.ya?ml$/i.test(file)) {
      if (!/^\.|\.md$/i.test(file)) notes.push(`${label}: is ignored: only *.yaml and *.yml files are read`);
      return [];
    }
    try {
      return objectsIn(readText(join(folder, file)), file, label);
    } catch (error) {
      if (!(error instanceof SloDocumentError)) throw error;
      mistakes.push(error.message.replaceAll(/^/gm, `${label}: `));
      return [];
    }
  });
  const slos = slosOf(objects, diagnostics);
  if (mistakes.length === 0 && slos.length === 0)
    mistakes.push(`${folder}: contains no SLO: add a *.yaml file with an OpenSLO document of kind SLO`);
  if (mistakes.length > 0) throw new SloDocumentError([...new Set(mistakes)].join("\n"));
  return { slos: slos.sort((a, b) => (a.name < b.name ? -1 : 1)), notes: [...new Set(notes)] };
}

function fileNamesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new SloDocumentError(
      `${folder}: cannot be listed (${errorCode(error)}): create the folder and put the documents there`,
    );
  }
}

/** Far more than any document needs. Parsing this much YAML takes less than a second. */
const MAX_BYTES = 1024 * 1024;

function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new SloDocumentError("is not a file: move it out of the folder");
    if (stats.size > MAX_BYTES)
      throw new SloDocumentError(`is ${stats.size} bytes long; the limit is 1 MiB: split the file`);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof SloDocumentError) throw error;
    throw new SloDocumentError(
      `cannot be read (${errorCode(error)}): check that the file exists, and its permissions`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes); // drops a byte order mark
  } catch {
    throw new SloDocumentError("is not UTF-8: save it in that encoding");
  }
}

const errorCode = (error: unknown) =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

const VERSIONS = ["openslo/v1", "openslo/v1alpha"];
const KINDS = [
  "SLO",
  "SLI",
  "Service",
  "DataSource",
  "AlertPolicy",
  "AlertCondition",
  "AlertNotificationTarget",
];

/** Returns the OpenSLO objects in a file. Each YAML document contains one object or a list of objects. */
function objectsIn(text: string, file: string, label: string): OpenSloObject[] {
  const contents = documentsIn(text).flatMap(({ number, content }) =>
    Array.isArray(content)
      ? content.map((item, index) => ({ where: `${number} [${index}]`, content: item as unknown }))
      : content === null || content === undefined
        ? []
        : [{ where: `${number}`, content }],
  );
  if (contents.length === 0)
    throw new SloDocumentError("is empty: write an OpenSLO document, or delete the file");
  return contents.map(({ where, content }) => {
    const prefix = contents.length > 1 ? `document ${where}: ` : "";
    const mistake = (sentence: string) => new SloDocumentError(`${prefix}${sentence}`);
    if (typeof content !== "object" || content === null || Array.isArray(content))
      throw mistake("the document: must be a map that starts with apiVersion: openslo/v1");
    const { apiVersion, kind, metadata } = content as Record<string, unknown>;
    if (apiVersion === undefined)
      throw mistake(
        "apiVersion: is missing, so this is not an OpenSLO document: add openslo/v1, or move the file out of the folder",
      );
    if (!VERSIONS.includes(apiVersion as string))
      throw mistake(`apiVersion: must be openslo/v1 or openslo/v1alpha (got ${describe(apiVersion)})`);
    if (!KINDS.includes(kind as string))
      throw mistake(`kind: must be a kind of OpenSLO: ${KINDS.join(", ")} (got ${describe(kind)})`);
    const name =
      typeof metadata === "object" &&
      metadata !== null &&
      "name" in metadata &&
      typeof metadata.name === "string"
        ? metadata.name
        : undefined;
    return {
      file,
      label: prefix ? `${label}: ${prefix.slice(0, -2)}` : label,
      apiVersion: apiVersion as string,
      kind: kind as string,
      name,
      content: content as Record<string, unknown>,
    };
  });
}

function documentsIn(text: string): { number: number; content: unknown }[] {
  try {
    const documents = parseAllDocuments(text, {
      merge: true,
      logLevel: "error",
      maxAliasCount: 100,
    } as object);
    return [...documents].map((document, index) => {
      const number = index + 1;
      const [problem] = [...document.errors, ...document.warnings];
      if (problem)
        throw new SloDocumentError(`is not valid YAML: ${oneLine(problem.message.split("\n")[0] ?? "")}`);
      return { number, content: document.toJS({ maxAliasCount: 100 }) as unknown };
    });
  } catch (error) {
    if (error instanceof SloDocumentError) throw error;
    // The parser throws on circular or too many aliases, and overflows the stack on very deep nesting.
    const reason =
      error instanceof RangeError ? "it is nested too deeply" : oneLine(String((error as Error).message));
    throw new SloDocumentError(`is not valid YAML: ${reason}`);
  }
}

function slosOf(objects: readonly OpenSloObject[], diagnostics: Diagnostics): Slo[] {
  const referenced = new Set<OpenSloObject>();
  const lookup = (kind: string, name: string) => {
    const found = objects.filter((object) => object.kind === kind && object.name === name);
    for (const object of found) referenced.add(object);
    for (const object of found.slice(1))
      diagnostics.mistake(
        object,
        "metadata.name",
        `${name} is also the name of the ${kind} in ${found[0]?.label}: rename one`,
      );
    return found[0];
  };
  const byName = new Map<string, OpenSloObject>();
  const slos = objects
    .filter(({ kind }) => kind === "SLO")
    .flatMap((object) => {
      const slosOfObject = toSlos(object, lookup, diagnostics);
      for (const { name } of slosOfObject) {
        const other = byName.get(name);
        if (other === object)
          diagnostics.mistake(
            object,
            "spec.objectives",
            "must have different targets, because the target is part of an objective's name",
          );
        else if (other)
          diagnostics.mistake(
            object,
            "metadata.name",
            `${name} is also the name of the SLO in ${other.label}: rename one`,
          );
        byName.set(name, object);
      }
      return slosOfObject;
    });
  for (const object of objects)
    if (object.kind !== "SLO" && !referenced.has(object))
      diagnostics.note(
        object,
        `kind ${object.kind}${object.name === undefined ? "" : ` (${oneLine(object.name)})`}`,
        object.kind === "SLI" || object.kind === "DataSource"
          ? "has no effect: no SLO refers to it"
          : "has no effect: rules are generated from SLOs only",
      );
  return slos;
}
