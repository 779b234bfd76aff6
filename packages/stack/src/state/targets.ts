import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prometheusFolder } from "../components/prometheus.ts";
import type { Component } from "../components/types.ts";
import { HOST, type Ports } from "../ports.ts";
import { messageOf } from "../report/failure.ts";

/** Prometheus's target lists (file_sd) of one stack. */
export interface TargetLists {
  /** From now on Prometheus scrapes the component, and reports it when it does not answer. */
  readonly add: (component: Component) => void;
}

interface Group {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

const SCRAPED = ["services", "stack"] as const;
/** Alertmanager cannot deliver before the console's inbox is there. Until then Prometheus keeps the alerts. */
const ALERT_PATH: readonly string[] = ["alertmanager", "console"];

/**
 * Writes empty target lists; those of an earlier run are gone. A component is added when it can be expected to answer: a
 * target that is listed while its program is still being built would count as down. Targets that a user adds stay; a list
 * that is not valid JSON is moved aside, and `note` is called with a sentence about it.
 */
export function createTargetLists(
  state: string,
  components: readonly Component[],
  ports: Ports,
  note: (text: string) => void = () => {},
): TargetLists {
  const folder = join(prometheusFolder(state), "targets");
  const file = (list: string) => join(folder, `${list}.json`);
  const listed = new Set<string>();
  const groups = components.flatMap(({ name, serviceName, scrape }) =>
    scrape
      ? [
          {
            name,
            list: scrape.file,
            group: {
              targets: [`${HOST}:${ports[scrape.port]}`],
              labels: { job: name, service_name: serviceName },
            },
          },
        ]
      : [],
  );
  const own = new Set(groups.flatMap(({ group }) => group.targets));

  function write(list: (typeof SCRAPED)[number], others: readonly Group[]) {
    const ours = groups.filter((each) => each.list === list && listed.has(each.name));
    replace(file(list), [...ours.map(({ group }) => group), ...others]);
  }

  mkdirSync(folder, { recursive: true });
  for (const list of SCRAPED) write(list, []);
  replace(file("alertmanager"), []);
  return {
    add: ({ name, scrape }) => {
      if (listed.has(name)) return;
      listed.add(name);
      if (scrape)
        write(
          scrape.file,
          readGroups(file(scrape.file), note).filter(({ targets }) => !targets.some((each) => own.has(each))),
        );
      const needed = components.filter((component) => ALERT_PATH.includes(component.name));
      if (ALERT_PATH.includes(name) && needed.every((component) => listed.has(component.name)))
        replace(file("alertmanager"), [{ targets: [`${HOST}:${ports.ALERTMANAGER_PORT}`] }]);
    },
  };
}

/** The list as it is now. What a user has made of it may be unreadable. */
function readGroups(file: string, note: (text: string) => void): readonly Group[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  try {
    const groups: unknown = JSON.parse(text);
    return Array.isArray(groups) ? groups.filter((group) => Array.isArray(group?.targets)) : [];
  } catch (error) {
    writeFileSync(`${file}.unreadable`, text);
    note(
      `${file} is not valid JSON (${messageOf(error)}). The lab replaced it, without your targets. Your text is in ${file}.unreadable.`,
    );
    return [];
  }
}

/** By renaming, because Prometheus watches these files. */
function replace(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}
