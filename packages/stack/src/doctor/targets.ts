import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMPONENTS } from "../components/index.ts";
import { prometheusFolder } from "../components/prometheus.ts";
import { httpAddress } from "../ports.ts";
import { readyHop } from "./common-hops.ts";
import type { Examination } from "./examination.ts";
import { allBroken, fine, type Hop, type Problem, within } from "./hop.ts";
import { activeTargets, type Target } from "./prometheus-api.ts";
import { type DownTarget, explainDownTarget } from "./scrape-errors.ts";

/** Two scrapes, and Prometheus's look at its target files. */
const SCRAPE_MS = 6000;
const FILES = ["services", "stack", "alertmanager"] as const;

/** The list that a target comes from: what an edit of it would change. */
const fileOf = ({ state }: Examination, name: string): string =>
  join(prometheusFolder(state), "targets", `${name}.json`);

/** The lab runs it: its address is that of a component. */
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
    file: fileOf(exam, scrapePool),
  };
}

/** Every problem of the targets: all are named, each with its own reason. */
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

const readable: Hop = {
  name: "target lists are readable",
  check: async (exam) => {
    const problems = FILES.map((name) => fileOf(exam, name)).flatMap((file): Problem[] => {
      const fix = "correct the file, or npx lab down && npx lab up -d writes it again";
      if (!existsSync(file)) return [{ cause: `${file} does not exist`, fix }];
      try {
        const content: unknown = JSON.parse(readFileSync(file, "utf8"));
        if (Array.isArray(content)) return [];
        return [{ cause: `${file} is not a JSON list of {"targets": […], "labels": {…}}`, fix }];
      } catch (error) {
        return [{ cause: `${file} is not JSON: ${(error as Error).message}`, fix }];
      }
    });
    return problems.length > 0 ? allBroken(problems) : fine(FILES.map((name) => `${name}.json`).join(", "));
  },
};

const up: Hop = {
  name: "every target is up",
  check: (exam) =>
    within(SCRAPE_MS, async () => {
      const problems = await targetProblems(exam);
      if (problems.length > 0) return allBroken(problems);
      return fine(`${(await activeTargets(exam)).length} targets`);
    }),
};

/** All that Prometheus scrapes: the services, the stack itself, and targets that a user has added. */
export const targets: readonly Hop[] = [readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"), readable, up];
