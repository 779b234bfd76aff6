import { existsSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { COMPONENTS } from "../components/index.ts";
import { targetFile } from "../components/prometheus.ts";
import { httpAddress } from "../ports.ts";
import {
  allBroken,
  type Examination,
  fine,
  type Hop,
  type Problem,
  readyHop,
  starting,
  waitUntilOk,
} from "./hop.ts";
import { activeTargets, type Target } from "./http.ts";
import { type DownTarget, explainDownTarget } from "./scrape-errors.ts";

/** Prometheus reads a changed list within 5 s, and passes its targets on every 5 s. */
const DISCOVERY_MS = 12_000;
/** Two scrapes. */
const SCRAPE_MS = 5000;
const FILES = ["services", "stack", "alertmanager"] as const;

/** Returns whether a target is a component of the lab, by its address. */
function isOfTheLab({ ports }: Examination, { labels, scrapeUrl }: Target): boolean {
  return COMPONENTS.some(
    ({ name, scrape }) =>
      name === labels.service_name &&
      scrape !== undefined &&
      scrapeUrl.startsWith(`${httpAddress(ports, scrape.port)}/`),
  );
}

function asDownTarget(exam: Examination, target: Target): DownTarget {
  const { labels, scrapeUrl, lastError, scrapePool } = target;
  const ofTheLab = isOfTheLab(exam, target);
  const address = URL.parse(scrapeUrl)?.host ?? scrapeUrl;
  const name = labels.service_name ?? labels.job ?? address;
  return {
    name: ofTheLab ? name : `${name} (${address})`,
    scrapeUrl,
    lastError,
    ofTheLab,
    file: targetFile(exam.state, `${scrapePool}.json`),
  };
}

/** Returns the problems of all targets, each with its own cause. */
export async function targetProblems(
  exam: Examination,
  chosen: (target: Target) => boolean = () => true,
): Promise<Problem[]> {
  const targets = (await activeTargets(exam)).filter(chosen);
  return targets
    .filter(({ health }) => health !== "up")
    .map((target) => explainDownTarget(asDownTarget(exam, target)))
    .sort((a, b) => a.cause.localeCompare(b.cause));
}

/** An entry of a target list (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config). */
const list = v.array(
  v.object({
    targets: v.array(v.string()),
    labels: v.optional(v.record(v.string(), v.string()), {}),
  }),
);
type Entry = v.InferOutput<typeof list>[number];

/** Reads a target list. Throws an Error that names the invalid part. */
export function readTargetList(text: string): Entry[] {
  const parsed = v.safeParse(list, JSON.parse(text));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
}

const readable: Hop = {
  name: "target lists are readable",
  check: async (exam) => {
    const problems = FILES.map((name) => targetFile(exam.state, `${name}.json`)).flatMap(
      (file): Problem[] => {
        const fix = "correct the file, or npx lab down && npx lab up -d writes it again";
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
function rejected(exam: Examination, active: readonly Target[]): Problem[] {
  return (["services", "stack"] as const).flatMap((name) => {
    const file = targetFile(exam.state, `${name}.json`);
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
export function whyRejected(address: string, labels: Entry["labels"], file: string): Problem {
  const name = labels.service_name ?? labels.job;
  const cause = `${name ? `${name} (${address})` : address} is in ${file}, but Prometheus does not scrape it`;
  if (address.includes("/"))
    return {
      cause: `${cause}: the entry must be host:port`,
      fix: 'write host:port only; a path goes into the label "__metrics_path__", https into "__scheme__": "https"',
    };
  const { __scrape_interval__: interval = "2s", __scrape_timeout__: timeout = "2s" } = labels;
  return {
    cause,
    fix: `npx lab logs prometheus shows why (“Creating target failed”); its scrape timeout (${timeout}) must not exceed its interval (${interval})`,
  };
}

/** Components that Prometheus does not scrape yet, because they are still being built or started. */
function notYet(exam: Examination, active: readonly Target[]): Problem[] {
  return COMPONENTS.filter(
    ({ name, scrape }) => scrape && !active.some(({ labels }) => labels.service_name === name),
  ).flatMap(({ name }) => starting(exam.state, name) ?? []);
}

const up: Hop = {
  name: "every target is up",
  check: async (exam) => {
    const listed = await waitUntilOk(DISCOVERY_MS, async () => {
      const problems = rejected(exam, await activeTargets(exam));
      return problems.length > 0 ? allBroken(problems) : fine("");
    });
    const scraped = await waitUntilOk(SCRAPE_MS, async () => {
      const problems = await targetProblems(exam);
      return problems.length > 0 ? allBroken(problems) : fine("");
    });
    const problems = [listed, scraped].flatMap(({ problems }) => problems);
    if (problems.length > 0) return allBroken(problems);
    const active = await activeTargets(exam);
    return fine(`${active.length} targets`, notYet(exam, active));
  },
};

/** Checks every target of Prometheus: the services, the stack itself, and targets that a user has added. */
export const targets: readonly Hop[] = [readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"), readable, up];
