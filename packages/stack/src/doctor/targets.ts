import { existsSync, readFileSync } from "node:fs";
import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";
import * as v from "valibot";
import { type Component, portsOf } from "../components/component.ts";
import { targetFile } from "../components/prometheus.ts";
import { httpAddress } from "../ports.ts";
import {
  allBroken,
  type Diagnosis,
  type DoctorContext,
  fine,
  type Hop,
  readyHop,
  starting,
  waitUntilOk,
} from "./hop.ts";
import { getJson } from "./http.ts";

/** Prometheus reads a changed list within 5 s, and passes its targets on every 5 s. */
const DISCOVERY_MS = 12_000;
/** Two scrapes, and some time for the answer. */
const TWO_SCRAPES_MS = 2 * SCRAPE_INTERVAL_MS + 1000;
const FILES = ["services", "stack", "alertmanager"] as const;

/** A scrape target, as Prometheus describes it. */
interface Target {
  /** `services` or `stack`. */
  readonly scrapePool: string;
  /** The labels in its target list, with `__address__`. */
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
}

/** Returns the targets that Prometheus scrapes now. */
export async function activeTargets({ at }: DoctorContext): Promise<readonly Target[]> {
  const url = at("PROMETHEUS_PORT", "/api/v1/targets?state=active");
  return (await getJson<{ data: { activeTargets: Target[] } }>(url)).data.activeTargets;
}

/** Returns whether Prometheus scrapes a component as this target. */
function isTargetOf(
  component: Component,
  { ports }: DoctorContext,
  { labels, scrapeUrl }: Pick<Target, "labels" | "scrapeUrl">,
): boolean {
  const { serviceName, scrape } = component;
  if (!scrape || serviceName !== labels.service_name) return false;
  return scrapeUrl.startsWith(`${httpAddress(portsOf(component, ports), scrape.port)}/`);
}

function asDownTarget(context: DoctorContext, target: Target): DownTarget {
  const { labels, scrapeUrl, lastError, scrapePool } = target;
  const component = context.components.find((each) => isTargetOf(each, context, target));
  const address = URL.parse(scrapeUrl)?.host ?? scrapeUrl;
  return {
    name: component?.name ?? `${labels.service_name ?? labels.job ?? address} (${address})`,
    scrapeUrl,
    lastError,
    isStackComponent: component !== undefined,
    file: targetFile(context.stateFolder, `${scrapePool}.json`),
  };
}

/** Returns the problems of all targets, each with its own cause. */
export async function targetProblems(
  context: DoctorContext,
  chosen: (target: Target) => boolean = () => true,
): Promise<Diagnosis[]> {
  const targets = (await activeTargets(context)).filter(chosen);
  return targets
    .filter(({ health }) => health !== "up")
    .map((target) => explainDownTarget(asDownTarget(context, target)))
    .sort((a, b) => a.cause.localeCompare(b.cause));
}

/** A target list (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config). */
const targetList = v.array(
  v.object({
    targets: v.array(v.string()),
    labels: v.optional(v.record(v.string(), v.string()), {}),
  }),
);
type Entry = v.InferOutput<typeof targetList>[number];

/** Reads a target list. Throws an Error that names the invalid part. */
function readTargetList(text: string): Entry[] {
  const parsed = v.safeParse(targetList, JSON.parse(text));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
}

const readable: Hop = {
  name: "target lists are readable",
  check: async (context) => {
    const problems = FILES.map((name) => targetFile(context.stateFolder, `${name}.json`)).flatMap(
      (file): Diagnosis[] => {
        const fix = "correct the file; or run npx lab down && npx lab up -d, which writes it again";
        if (!existsSync(file)) return [{ cause: `${file} does not exist`, fix }];
        try {
          readTargetList(readFileSync(file, "utf8"));
          return [];
        } catch (error) {
          return [{ cause: `${file} is not a list of targets: ${(error as Error).message}`, fix }];
        }
      },
    );
    return problems.length > 0 ? allBroken(problems) : fine(FILES.map((name) => `${name}.json`).join(", "));
  },
};

/** Returns the problems of invalid entries. Prometheus makes no targets from them, so they are missing and not down. */
function rejectedEntries(context: DoctorContext, active: readonly Target[]): Diagnosis[] {
  return (["services", "stack"] as const).flatMap((name) => {
    const file = targetFile(context.stateFolder, `${name}.json`);
    const known = new Set(
      active
        .filter(({ scrapePool }) => scrapePool === name)
        .map(({ discoveredLabels }) => discoveredLabels.__address__),
    );
    return readTargetList(readFileSync(file, "utf8")).flatMap(({ targets, labels }) =>
      targets.filter((address) => !known.has(address)).map((address) => whyRejected(address, labels, file)),
    );
  });
}

/** Explains why Prometheus does not scrape an entry at all. */
function whyRejected(address: string, labels: Entry["labels"], file: string): Diagnosis {
  const name = labels.service_name ?? labels.job;
  const cause = `${name ? `${name} (${address})` : address} is in ${file}, but Prometheus does not scrape it`;
  if (address.includes("/"))
    return {
      cause: `${cause}: the entry must be host:port`,
      fix: 'write host:port only; set a path with the label "__metrics_path__", and HTTPS with "__scheme__": "https"',
    };
  const { __scrape_interval__: interval = "2s", __scrape_timeout__: timeout = "2s" } = labels;
  return {
    cause,
    fix: `npx lab logs prometheus shows why (“Creating target failed”); its scrape timeout (${timeout}) must not exceed its interval (${interval})`,
  };
}

/** Components that Prometheus does not scrape yet, because they are still being built or started. */
function notYetScraped(context: DoctorContext, active: readonly Target[]): Diagnosis[] {
  const missing = context.components.filter(
    (component) => component.scrape && !active.some((target) => isTargetOf(component, context, target)),
  );
  return missing.flatMap(({ name }) => starting(context.stateFolder, name) ?? []);
}

const up: Hop = {
  name: "every target is up",
  check: async (context) => {
    const listed = await waitUntilOk(DISCOVERY_MS, async () => {
      const problems = rejectedEntries(context, await activeTargets(context));
      return problems.length > 0 ? allBroken(problems) : fine("");
    });
    const scraped = await waitUntilOk(TWO_SCRAPES_MS, async () => {
      const problems = await targetProblems(context);
      return problems.length > 0 ? allBroken(problems) : fine("");
    });
    const problems = [listed, scraped].flatMap(({ problems }) => problems);
    if (problems.length > 0) return allBroken(problems);
    const active = await activeTargets(context);
    return fine(`${active.length} targets`, notYetScraped(context, active));
  },
};

/** Checks every target of Prometheus: the services, the stack itself, and targets that a user has added. */
export const targets: readonly Hop[] = [readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"), readable, up];

/** A target that Prometheus cannot scrape. */
interface DownTarget {
  /** Its `service_name`, otherwise its address. */
  readonly name: string;
  readonly scrapeUrl: string;
  /** Prometheus's error; empty before the first scrape. */
  readonly lastError: string;
  /** Whether the lab starts it. Only then does `npx lab logs <name>` exist. */
  readonly isStackComponent: boolean;
  /** The file that lists it. */
  readonly file: string;
}

interface Reason {
  readonly when: RegExp;
  readonly cause: (target: DownTarget, match: RegExpExecArray) => string;
  readonly fix: (target: DownTarget, match: RegExpExecArray) => string;
}

const LIMITS = "limits: docs/own-service.md#what-prometheus-expects-of-a-target";
const host = ({ scrapeUrl }: DownTarget): string => URL.parse(scrapeUrl)?.host ?? scrapeUrl;
const path = ({ scrapeUrl }: DownTarget): string => URL.parse(scrapeUrl)?.pathname ?? scrapeUrl;

/** Returns how to restart a target, or how to find out why it is not running. */
const startFix = (target: DownTarget): string =>
  target.isStackComponent
    ? `npx lab logs ${target.name} shows why; npx lab down && npx lab up -d starts it again`
    : `start ${target.name}, or correct its address in ${target.file}`;

/** Prometheus's errors (scrape/scrape.go, model/textparse, Go's net), the most specific first. */
const REASONS: readonly Reason[] = [
  {
    when: /connection refused/,
    cause: (target) => `nothing listens on ${host(target)} (connection refused)`,
    fix: startFix,
  },
  {
    when: /no such host|server misbehaving|lookup \S+.*(timeout|failure)/,
    cause: (target) => `the name in ${host(target)} cannot be resolved (DNS)`,
    fix: (target) => `correct the host name in ${target.file}, or use an IP address`,
  },
  {
    when: /context deadline exceeded|Client\.Timeout|i\/o timeout/,
    cause: (target) => `${target.scrapeUrl} does not respond within the scrape timeout (default 2 s)`,
    fix: (target) =>
      target.isStackComponent
        ? `npx lab logs ${target.name}; npx lab status shows its process: it hangs, or the machine is overloaded`
        : `make it respond faster, or set a longer timeout in ${target.file}: labels "__scrape_interval__": "15s", "__scrape_timeout__": "10s"`,
  },
  {
    when: /no route to host|network is unreachable|host is down/,
    cause: (target) => `there is no network route to ${host(target)}`,
    fix: (target) => `correct the address in ${target.file}`,
  },
  {
    when: /server returned HTTP status (404|405|410)/,
    cause: (target, [, status]) => `it responds with ${status} at ${path(target)}`,
    fix: (target) =>
      `if its metrics are at another path, set the label "__metrics_path__": "/…" in ${target.file}; otherwise add a metrics page`,
  },
  {
    when: /server returned HTTP status (401|403)/,
    cause: (_, [, status]) => `it responds with ${status}: it requires credentials, or rejects this client`,
    fix: (target) =>
      `allow requests to ${path(target)} without credentials, or add a separate scrape job with credentials to prometheus.yml`,
  },
  {
    when: /server returned HTTP status (\d+[^"]*)/,
    cause: (target, [, status]) => `it responds with ${status?.trim()} at ${path(target)}`,
    fix: (target) =>
      target.isStackComponent
        ? `npx lab logs ${target.name}`
        : `curl -i ${target.scrapeUrl} shows its response; its own log shows the reason`,
  },
  {
    when: /server gave HTTP response to HTTPS client/,
    cause: () => "it speaks HTTP, not HTTPS",
    fix: (target) => `remove the label "__scheme__": "https" in ${target.file}`,
  },
  {
    when: /malformed HTTP (response|status)/,
    cause: (target) => `${host(target)} does not speak plain HTTP`,
    fix: (target) =>
      `for HTTPS set the label "__scheme__": "https" in ${target.file}; otherwise correct the port`,
  },
  {
    when: /x509|tls: |certificate/,
    cause: (target) => `the TLS connection to ${host(target)} fails`,
    fix: () =>
      "use a certificate that is valid for that host name; for a private CA, add a separate scrape job with tls_config to prometheus.yml",
  },
  {
    when: /label_value_length_limit exceeded \(metric: (.*?), label name: (.*?),.*length: (\d+), limit: (\d+)\)/,
    cause: (_, [, metric, label, length, limit]) =>
      `label ${label} of ${metric} has a value of ${length} bytes; the limit is ${limit}`,
    fix: () => `shorten that value: long texts belong in logs; ${LIMITS}`,
  },
  {
    when: /label_name_length_limit exceeded \(metric: (.*?), label name: (.*?),.*length: (\d+), limit: (\d+)\)/,
    cause: (_, [, metric, , length, limit]) =>
      `a label name of ${metric} has ${length} bytes; the limit is ${limit}`,
    fix: () => `shorten that label name; ${LIMITS}`,
  },
  {
    when: /label_limit exceeded \(metric: (.*?), number of labels: (\d+), limit: (\d+)\)/,
    cause: (_, [, metric, count, limit]) =>
      `${metric} has ${count} labels, including the labels of its target; the limit is ${limit}`,
    fix: () => `remove labels from that metric; ${LIMITS}`,
  },
  {
    when: /sample limit exceeded/,
    cause: () => "its page has more samples than Prometheus accepts from one target (50,000)",
    fix: () => `remove labels with many values; ${LIMITS} (sample_limit)`,
  },
  {
    when: /body size limit exceeded/,
    cause: () => "its page is larger than Prometheus accepts from one target (32 MB)",
    fix: () => `remove metrics or labels with many values; ${LIMITS} (body_size_limit)`,
  },
  {
    when: /does not end with # EOF/,
    cause: () => 'its Content-Type is OpenMetrics, but the page does not end with "# EOF"',
    fix: () => 'end the page with the line "# EOF", or send Content-Type: text/plain; version=0.0.4',
  },
  {
    when: /expected timestamp or new record, got "#"/,
    cause: () => "its page has exemplars (OpenMetrics), but its Content-Type is not OpenMetrics",
    fix: () => "send Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8",
  },
  {
    when: /expected a valid start token, got "<"/,
    cause: (target) => `${target.scrapeUrl} is an HTML page, not metrics`,
    fix: (target) => `set the label "__metrics_path__": "/…" in ${target.file} to the path of its metrics`,
  },
  {
    when: /while parsing: "[{[]/,
    cause: (target) => `${target.scrapeUrl} returns JSON, not metrics in the Prometheus text format`,
    fix: (target) =>
      `if its metrics are at another path, set the label "__metrics_path__": "/…" in ${target.file}; otherwise it needs an exporter`,
  },
  {
    when: /got "\\xef"/,
    cause: () => "its page begins with a byte order mark (BOM)",
    fix: () => "write the page as UTF-8 without a BOM",
  },
  {
    when: /\\r/,
    cause: () => "its lines end with CR LF",
    fix: () => "end each line with LF (\\n) only",
  },
  {
    when: /invalid UTF-8/,
    cause: () => "a name or label value of its page is not valid UTF-8",
    fix: () => "encode the page as UTF-8",
  },
  {
    when: /^proto: /,
    cause: () => "its Content-Type is Protobuf, but the page is not Protobuf",
    fix: () => "send Content-Type: text/plain; version=0.0.4",
  },
  {
    when: /while parsing|expected .*, got /,
    cause: (target) => `its page is not in the Prometheus text format: ${target.lastError}`,
    fix: (target) => `check the page with: curl -s ${target.scrapeUrl} | promtool check metrics`,
  },
  {
    when: /too old sample|out of bounds|out of order/,
    cause: () =>
      "its samples have timestamps that Prometheus does not accept (too old, or in the wrong order)",
    fix: () => "leave the timestamps out of the page: Prometheus then uses the time of the scrape",
  },
  {
    when: /zstd/,
    cause: () => "it compresses its page with zstd, which this Prometheus does not support",
    fix: () => "compress with gzip, or not at all",
  },
  {
    when: /gzip: |flate: /,
    cause: () => "its header is Content-Encoding: gzip, but its page is not gzip",
    fix: () => "send the page without Content-Encoding, or compress it",
  },
  {
    when: /stopped after \d+ redirects/,
    cause: (target) => `${target.scrapeUrl} redirects in a loop`,
    fix: (target) => `set the label "__metrics_path__" in ${target.file} to the path that returns 200`,
  },
  {
    when: /EOF|connection reset|broken pipe/,
    cause: (target) => `${host(target)} closes the connection without a response`,
    fix: (target) =>
      target.isStackComponent
        ? startFix(target)
        : `curl -i ${target.scrapeUrl}: does the port speak HTTP (for HTTPS: label "__scheme__": "https" in ${target.file})? Its own log shows the reason`,
  },
];

/** Explains why a target is down, and how to fix it. */
export function explainDownTarget(target: DownTarget): Diagnosis {
  if (target.lastError === "")
    return {
      cause: `${target.name}: not scraped yet`,
      fix: `wait for its first scrape (${target.scrapeUrl}), then run npx lab doctor again`,
    };
  for (const { when, cause, fix } of REASONS) {
    const match = when.exec(target.lastError);
    if (match) return { cause: `${target.name}: ${cause(target, match)}`, fix: fix(target, match) };
  }
  return {
    cause: `${target.name}: ${target.lastError}`,
    fix: target.isStackComponent
      ? `npx lab logs ${target.name}`
      : `curl -i ${target.scrapeUrl} shows what Prometheus gets; limits and formats: docs/own-service.md#what-prometheus-expects-of-a-target`,
  };
}
