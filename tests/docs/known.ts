import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_PORTS, REPOSITORY } from "@lgtm-lab/stack";
import { registry } from "@lgtm-lab/telemetry";
import { execa } from "execa";
import { parse } from "yaml";
import { normalize, SUPPORTED } from "../../packages/telemetry/src/otel-variables.ts";
import { readComposeFile } from "../compose/file.ts";
import { workspaceFolders } from "../runner/working-tree.ts";
import { FILES } from "./pages.ts";
// Each registers its metrics.
import "@lgtm-lab/telemetry/fetch";
import "@lgtm-lab/telemetry/grpc";
import "@lgtm-lab/telemetry/hono";

/** The names that exist, each from the place that defines it. */

const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");
const NO_SOURCE = /\.(md|png|sum|woff2?)$|^package-lock\.json$|^tests\/docs\//;

/** Code and configuration as one text. Markdown and these tests do not prove that something exists. */
const SOURCE = FILES.filter((path) => !NO_SOURCE.test(path))
  .map(read)
  .join("\n");
/** The same without test cases: a name that only a test case uses does not exist for users. */
const PRODUCT = FILES.filter(
  (path) => !NO_SOURCE.test(path) && !/\.(test|spec)\.ts$|\/test\/|^prometheus\/tests\//.test(path),
)
  .map(read)
  .join("\n");

/** The code that writes files. */
const PROGRAMS = FILES.filter((path) => /^(packages\/[^/]+\/src|apps\/[^/]+\/(src|server))\//.test(path))
  .map(read)
  .join("\n");

/** Returns whether a name occurs in code or configuration as a whole word. */
export const occurs = (name: string, where: "anywhere" | "product" = "anywhere"): boolean =>
  new RegExp(`(?<![\\w-])${escaped(name)}(?![\\w-])`).test(where === "product" ? PRODUCT : SOURCE);

/** Returns the same as {@link occurs} for a pattern such as `OTEL_*`. */
export const occursLike = (pattern: string, where: "anywhere" | "product" = "anywhere"): boolean =>
  new RegExp(`(?<![\\w-])${pattern.split("*").map(escaped).join("\\w+")}(?![\\w-])`).test(
    where === "product" ? PRODUCT : SOURCE,
  );

/** Returns whether a program of ours has a name as a string, or as a part of a path in a string. */
export const isLiteral = (name: string): boolean =>
  new RegExp(`["'\`/]${escaped(name)}["'\`/]`).test(PROGRAMS);

/** Converts a text to a regular expression that matches only this text. */
export const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Every folder and file that git does not ignore. */
const PATHS: ReadonlySet<string> = new Set(
  FILES.flatMap((path) => path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"))),
);
/** Returns whether a folder or file exists in the repository. */
export const isPath = (path: string): boolean => PATHS.has(path.replace(/\/$/, "") || ".");
export const TOP: ReadonlySet<string> = new Set(FILES.map((path) => path.split("/")[0] ?? ""));
/** Returns whether a glob or the end of a path matches a folder or file of the repository. */
export const matchesPath = (pattern: string): boolean => {
  const glob = new RegExp(`(^|/)${pattern.replace(/\/$/, "").split("*").map(escaped).join("[^/]*")}$`);
  return [...PATHS].some((path) => glob.test(path));
};

export const PORTS: ReadonlyMap<string, number> = new Map(Object.entries(DEFAULT_PORTS));

const packageScripts = (path: string): string[] => Object.keys(JSON.parse(read(path)).scripts ?? {});
/** Scripts of the root and of each workspace, by its folder and by its name. */
export const SCRIPTS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  ["", ...workspaceFolders()].flatMap((folder) => {
    const path = join(folder, "package.json");
    const scripts = new Set(packageScripts(path));
    return [
      [folder, scripts],
      [folder === "" ? "" : JSON.parse(read(path)).name, scripts],
    ] as const;
  }),
);

export const COMPOSE_SERVICES: ReadonlySet<string> = new Set(Object.keys(readComposeFile("tls")));

/** Every alert of the rule files. */
export const ALERTS: ReadonlySet<string> = new Set(
  FILES.filter((path) => /^prometheus\/rules\/.*\.yml$/.test(path)).flatMap((path) => {
    const { groups } = parse(read(path)) as { groups: { rules: { alert?: string }[] }[] };
    return groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
  }),
);

/** The title of each dashboard, by its uid. */
export const DASHBOARDS: ReadonlyMap<string, string> = new Map(
  globSync("grafana/dashboards/*.json", { cwd: REPOSITORY }).map((path) => {
    const { uid, title } = JSON.parse(read(path)) as { uid: string; title: string };
    return [uid, title];
  }),
);

/** The metrics that every service with packages/telemetry has. */
export const OWN_METRICS: ReadonlySet<string> = new Set(
  (await registry.getMetricsAsJSON()).map(({ name }) => name),
);

/** The metrics that a gateway has only if a mechanism of docs/{resilience,edge,authentication,routing}.md is on. */
export const GATEWAY_METRICS: readonly string[] = [...PROGRAMS.matchAll(/name: "(gateway_\w+)"/g)].flatMap(
  ([, name]) => name ?? [],
);

/** Returns whether a name occurs in code, configuration, rules or dashboards, or is a metric of our services. */
export const isUsed = (name: string): boolean =>
  [name, name.replace(/_(bucket|sum|count)$/, "")].some((one) => OWN_METRICS.has(one) || occursLike(one));

/** Returns whether a name looks like a metric of another program; only a running stack can check whether it exists. */
export const isForeignMetric = (name: string): boolean =>
  /^(alertmanager|loki|node|nodejs|otelcol|process|prometheus|tempo|traces)_\w*[a-z]$/.test(name);

/**
 * Returns whether code reads a variable. A variable of OpenTelemetry must be supported, or have no effect for a known
 * reason.
 */
export function isVariable(name: string): boolean {
  if (!/^OTEL_[A-Z0-9_]+$/.test(name)) return occursLike(name, "product");
  return (
    SUPPORTED.has(name) ||
    !normalize({ [name]: "any" }, [])
      .join()
      .includes("unknown variable")
  );
}

/** Every path that code serves or requests, as in the code: `/api/faults/:name`. */
export const ROUTES: readonly string[] = [
  ...new Set(
    [...PRODUCT.matchAll(/["'`]([^"'`\s]*?)(\/[^"'`\s]*)["'`]/g)].flatMap(([, before = "", path = ""]) =>
      /^[\w-]+$/.test(before) ? [path, `/${before}${path}`] : [path],
    ),
  ),
];

/** Returns the commands and options of a program of ours, as its own help lists them. */
export async function labCommands(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const help = async (...args: string[]) => {
    const { stdout } = await execa(process.execPath, ["packages/stack/src/cli/main.ts", ...args, "--help"], {
      cwd: REPOSITORY,
    });
    return stdout.slice(stdout.indexOf(args.length === 0 ? "Commands:" : "Options:"));
  };
  const names = [...(await help()).matchAll(/^ {2}([a-z]+)/gm)].map(([, name = ""]) => name);
  const options = async (name: string) =>
    new Set([...(await help(name)).matchAll(/(?<=^ {2}|, )-{1,2}[\w-]+/gm)].map(([option]) => option));
  return new Map(
    await Promise.all(
      names.filter((name) => name !== "help").map(async (name) => [name, await options(name)] as const),
    ),
  );
}

/** Returns the parts of a test runner, from its error message for an unknown part. */
export function partsOf(runner: string): ReadonlySet<string> {
  try {
    execFileSync(process.execPath, [runner, "no-such-part"], {
      cwd: REPOSITORY,
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    const [, list = ""] = /Available: (.*)\./.exec((error as { stderr: string }).stderr) ?? [];
    return new Set(list.split(", "));
  }
  throw new Error(`${runner} accepts any name`);
}
