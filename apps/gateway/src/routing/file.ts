import { setTimeout } from "node:timers/promises";
import { unknownName } from "@lgtm-lab/contracts";
import { SHORT_REQUEST_LIMITS } from "@lgtm-lab/resilience";
import { Counter, Gauge, logger, registry } from "@lgtm-lab/telemetry";
import { Hono } from "hono";
import * as v from "valibot";
import { parseDocument } from "yaml";
import type { Env } from "../env.ts";
import { FILE_INTERVAL_MS, readSmallFile } from "../small-file.ts";
import { METHODS, type Route, routeDefaults, UPSTREAMS } from "./table.ts";

/** Each route has its own series. */
const MAX_ROUTES = 32;
/** Series of removed routes stay until a restart. */
const MAX_PATHS = 100;
/** The deadline of the services themselves, in milliseconds; a longer one would have no effect. */
const MAX_TIMEOUT_MS = 2_000;
/** A waiting request is rejected if it would take longer than this part of its deadline. */
const WAITING_SHARE = 0.7;

const RESERVED = ["/", "/healthz", "/metrics", "/readyz"];
/** The fault admin port excludes these paths, and those below them, from telemetry in the whole process. */
const WITHOUT_TELEMETRY = ["/faults", "/gateway"];

const wholeNumber = (min: number, max: number) => {
  const rule = `a whole number from ${min} to ${max}`;
  return v.pipe(v.number(rule), v.integer(rule), v.minValue(min, rule), v.maxValue(max, rule));
};
const oneOf = <const Values extends readonly string[]>(values: Values) =>
  v.picklist(values, values.join(" or "));

const PATH_RULE =
  "a path such as /a/hello: letters, digits and -._~ between slashes, without a slash at the end";
const SCOPE_RULE = "a scope without spaces, quotation marks and backslashes (RFC 6749), or none";

/** A mapping with the given fields and no others. Arrays are objects too, so they are excluded first. */
const mapping = <const Fields extends v.ObjectEntries>(entries: Fields, rule: string) =>
  v.pipe(
    v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value), rule),
    v.strictObject(entries),
  );

const RATE_LIMIT_FIELDS = {
  per_second: wholeNumber(0, 100_000),
  burst: v.optional(wholeNumber(1, 1_000_000)),
};
const IN_FLIGHT_FIELDS = { running: wholeNumber(1, 1_000), waiting: wholeNumber(0, 10_000) };
const ROUTE_FIELDS = {
  path: v.pipe(
    v.string(PATH_RULE),
    v.regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/, PATH_RULE),
    v.maxLength(100, "a path of at most 100 characters"),
    v.check(
      (path) => !RESERVED.includes(path.toLowerCase()),
      `another path than ${RESERVED.join(", ")}, which every gateway has`,
    ),
    v.check(
      (path) => !WITHOUT_TELEMETRY.some((each) => `${path.toLowerCase()}/`.startsWith(`${each}/`)),
      `a path outside of ${WITHOUT_TELEMETRY.join(" and ")}, which the fault admin port uses`,
    ),
  ),
  upstream: oneOf(UPSTREAMS),
  methods: v.optional(
    v.pipe(
      v.array(oneOf(METHODS), "a list of methods"),
      v.minLength(1, "a list with at least one method"),
      v.check((methods) => new Set(methods).size === methods.length, "a list of different methods"),
    ),
  ),
  timeout_ms: v.optional(wholeNumber(1, MAX_TIMEOUT_MS)),
  retries: v.optional(wholeNumber(0, 5)),
  rate_limit: v.optional(mapping(RATE_LIMIT_FIELDS, "a mapping such as {per_second: 20, burst: 50}")),
  in_flight: v.optional(mapping(IN_FLIGHT_FIELDS, "a mapping such as {running: 64, waiting: 500}")),
  cache_ms: v.optional(wholeNumber(0, 3_600_000)),
  scope: v.optional(v.pipe(v.string(SCOPE_RULE), v.regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,100}$/, SCOPE_RULE))),
};
const FILE_FIELDS = {
  routes: v.pipe(
    v.array(mapping(ROUTE_FIELDS, "a mapping with path and upstream"), "a list of routes"),
    v.minLength(1, "a list with at least one route"),
    v.maxLength(MAX_ROUTES, `a list of at most ${MAX_ROUTES} routes`),
  ),
};
const schema = mapping(FILE_FIELDS, "a mapping with the field routes");
type FileRoute = v.InferOutput<typeof schema>["routes"][number];

/**
 * Reads a routes file (docs/routing.md). Omitted fields have the defaults that the page lists. Throws an error with one
 * sentence for each mistake.
 */
export function parseRoutes(text: string, env: Env): Route[] {
  const document = parseDocument(text.replace(/^\uFEFF/, ""));
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new Error(`it is not valid YAML: ${problem.message.split("\n")[0]?.replace(/:$/, "")}.`);
  const parsed = v.safeParse(schema, contentOf(document), { abortPipeEarly: true });
  if (!parsed.success) throw new Error(parsed.issues.map(sentenceOf).join("\n"));
  const { routes } = parsed.output;
  const mistakes = [
    ...repeatedPaths(routes),
    ...routes.flatMap((route, index) => conflictsOf(route, index, env)),
  ];
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
  return routes.map((route) => toRoute(route, env));
}

/** Aliases can make a small document huge, which the library rejects here. */
function contentOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new Error(`it is not valid YAML: ${(error as Error).message}.`, { cause: error });
  }
}

/** Returns one sentence about an issue, with the field and what it must be. */
function sentenceOf(issue: v.BaseIssue<unknown>): string {
  const where = (issue.path ?? [])
    .map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
  const last = issue.path?.at(-1);
  if (issue.expected === "never") {
    const known = Object.keys(knownFields(issue.path ?? []));
    return `${where}: ${unknownName("field", String(last?.key), known)}`;
  }
  if (issue.received === "undefined" && issue.type === "strict_object") return `${where}: is missing.`;
  return `${where || "the file"}: must be ${issue.message}, but is ${excerpt(issue.input)}.`;
}

/** Returns the fields of the mapping in which an unknown field is. */
function knownFields(path: readonly { readonly key: unknown }[]): object {
  switch (path.at(-2)?.key) {
    case undefined:
      return FILE_FIELDS;
    case "rate_limit":
      return RATE_LIMIT_FIELDS;
    case "in_flight":
      return IN_FLIGHT_FIELDS;
    default:
      return ROUTE_FIELDS;
  }
}

const excerpt = (value: unknown): string => (JSON.stringify(value) ?? "missing").slice(0, 60);

function repeatedPaths(routes: readonly FileRoute[]): string[] {
  const first = new Map<string, number>();
  return routes.flatMap(({ path }, index) => {
    const same = first.get(path.toLowerCase());
    if (same === undefined) first.set(path.toLowerCase(), index);
    return same === undefined
      ? []
      : `routes[${index}].path: is the same as that of routes[${same}], apart from case.`;
  });
}

/** Settings of a route that have no effect. */
function conflictsOf({ upstream, cache_ms, scope }: FileRoute, index: number, env: Env): string[] {
  const mistakes: string[] = [];
  if (cache_ms && upstream !== "service-a")
    mistakes.push(`routes[${index}].cache_ms: only routes to service-a can have a cache.`);
  if (scope !== undefined && scope !== "none" && !env.AUTH_ISSUER)
    mistakes.push(
      `routes[${index}].scope: AUTH_ISSUER is not set, so no token would be checked. Set AUTH_ISSUER.`,
    );
  return mistakes;
}

function toRoute(route: FileRoute, env: Env): Route {
  const defaults = routeDefaults(route.upstream, env);
  const { rate_limit: rate, in_flight: inFlight, timeout_ms: timeoutMs } = route;
  const limits = inFlight ?? (timeoutMs === undefined ? undefined : SHORT_REQUEST_LIMITS);
  return {
    ...defaults,
    path: route.path,
    methods: route.methods ?? defaults.methods,
    timeoutMs,
    retries: route.retries ?? defaults.retries,
    rate: rate ? rateOf(rate) : defaults.rate,
    inFlight: limits && { ...limits, totalMs: Math.ceil((timeoutMs ?? MAX_TIMEOUT_MS) * WAITING_SHARE) },
    cacheMs: route.cache_ms ?? defaults.cacheMs,
    scope: route.scope === "none" ? undefined : (route.scope ?? defaults.scope),
  };
}

const rateOf = ({ per_second: perSecond, burst = perSecond }: NonNullable<FileRoute["rate_limit"]>) =>
  perSecond === 0 ? undefined : { perSecond, burst };

const reloads = new Counter({
  name: "gateway_routes_reloads_total",
  help: "Changes of the routes file: used (ok), or not used because of a mistake (failed).",
  labelNames: ["outcome"] as const,
  registers: [registry],
});
const lastReload = new Gauge({
  name: "gateway_routes_last_reload_successful",
  help: "1 if the routes are those in the file, 0 if the file cannot be used and the previous routes apply.",
  registers: [registry],
});

/** What {@link appFromFile} needs. */
interface RoutesFileOptions {
  readonly env: Env;
  readonly createApp: (routes: readonly Route[]) => Promise<Hono>;
  /** Stops watching the file. */
  readonly signal: AbortSignal;
}

/**
 * Returns an app with the routes in a file. When the file changes, new requests get the new routes, and running ones
 * continue with the old ones. An invalid file makes this function throw; after the start, the previous routes stay in
 * use.
 */
export async function appFromFile(
  file: string,
  { env, createApp, signal }: RoutesFileOptions,
): Promise<Hono> {
  const paths = new Set<string>();
  const load = async (text: string) => {
    const routes = parseRoutes(text, env);
    const all = new Set([...paths, ...routes.map((route) => route.path)]);
    if (all.size > MAX_PATHS)
      throw new Error(
        `since the start, the files had more than ${MAX_PATHS} different paths. Restart the gateway.`,
      );
    const app = await createApp(routes);
    for (const route of routes) paths.add(route.path);
    logger.info({ file, routes: routes.length }, "routes loaded");
    return app;
  };
  let active = await start();
  const app = new Hono();
  app.all("*", (c) => active.app.fetch(c.req.raw, c.env));
  void watch();
  return app;

  async function start() {
    try {
      const text = readSmallFile(file);
      const started = { text, app: await load(text) };
      lastReload.set(1);
      for (const outcome of ["ok", "failed"]) reloads.inc({ outcome }, 0);
      return started;
    } catch (error) {
      throw new Error(`ROUTES_FILE=${file} cannot be used:\n${(error as Error).message}`, { cause: error });
    }
  }

  async function watch(): Promise<void> {
    let handled: string = active.text;
    let previous = handled;
    while (await pause(signal)) {
      const { text, error } = read();
      // An error is compared like a content; NUL keeps it apart from any YAML text.
      const current = text ?? `\0${error.message}`;
      // An editor may still be writing, so a change counts only after two equal reads.
      const isSettled = current === previous;
      previous = current;
      if (!isSettled || current === handled) continue;
      handled = current;
      try {
        if (text === undefined) throw error;
        if (text !== active.text) active = { text, app: await load(text) };
        reloads.inc({ outcome: "ok" });
        lastReload.set(1);
      } catch (error) {
        reloads.inc({ outcome: "failed" });
        lastReload.set(0);
        logger.warn({ file, err: error }, "routes file cannot be used");
      }
    }
  }

  function read(): { text: string; error?: undefined } | { text?: undefined; error: Error } {
    try {
      return { text: readSmallFile(file) };
    } catch (error) {
      return { error: error as Error };
    }
  }
}

/** Waits until the next read. Returns false if the signal aborts. */
const pause = (signal: AbortSignal): Promise<boolean> =>
  setTimeout(FILE_INTERVAL_MS, undefined, { ref: false, signal }).then(
    () => true,
    () => false,
  );
