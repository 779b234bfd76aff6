import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { parse } from "yaml";

/** The parts of docker-compose.yml that tests read. */
export interface Service {
  readonly image: string;
  readonly pull_policy?: string;
  readonly build?: { readonly target: string; readonly args: Readonly<Record<string, string>> };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly mem_limit: string;
  readonly user: string;
  readonly group_add?: readonly string[];
  readonly restart: string;
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** The files for `docker compose -f`: without and with TLS. */
export const COMPOSE_FILES = {
  plain: ["docker-compose.yml"],
  tls: ["docker-compose.yml", "docker-compose.tls.yml"],
} as const;

/** docker-compose.yml, merged with docker-compose.tls.yml for `tls`, without replacing its variables. */
export function readComposeFile(
  files: keyof typeof COMPOSE_FILES = "plain",
): Readonly<Record<string, Service>> {
  const merged: Record<string, Service> = {};
  for (const file of COMPOSE_FILES[files]) {
    const text = readFileSync(join(REPOSITORY, file), "utf8");
    const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
    for (const [name, service] of Object.entries(services)) merged[name] = merge(merged[name], service);
  }
  return merged;
}

/** Merges a service of a further file into that of the files before, as Compose does. */
function merge(before: Service | undefined, further: Service): Service {
  const targetOf = (mount: string) => mount.split(":")[1];
  const targets = further.volumes?.map(targetOf) ?? [];
  const volumes = [
    ...(before?.volumes ?? []).filter((mount) => !targets.includes(targetOf(mount))),
    ...(further.volumes ?? []),
  ];
  return {
    ...before,
    ...further,
    ...(volumes.length > 0 && { volumes }),
    ...mergeMaps("environment"),
    ...mergeMaps("healthcheck"),
    ...mergeMaps("depends_on"),
  };

  function mergeMaps(key: "environment" | "healthcheck" | "depends_on") {
    const [one, other] = [before?.[key], further[key]];
    return one && other ? { [key]: { ...one, ...other } } : {};
  }
}

/**
 * Returns a value with each `${NAME:-default}` and `${NAME-default}` replaced, by the value of that name or its
 * default. An empty value counts only in the second form.
 */
export function resolved(text: string | number, values: Readonly<Record<string, string>> = {}): string {
  return String(text).replace(/\$\{(\w+)(:?)-([^}]*)\}/g, (_, name, colon, fallback) =>
    colon ? values[name] || fallback : (values[name] ?? fallback),
  );
}

/** Converts a memory limit such as `124m` to MiB. */
export const parseMemoryLimit = (limit: string): number => Number(/^(\d+)m$/.exec(limit)?.[1]);
