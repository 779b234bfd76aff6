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
  readonly restart: string;
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** docker-compose.yml without replacing its variables. */
export function readComposeFile(): Readonly<Record<string, Service>> {
  const text = readFileSync(join(REPOSITORY, "docker-compose.yml"), "utf8");
  return (parse(text, { merge: true }) as { services: Record<string, Service> }).services;
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
