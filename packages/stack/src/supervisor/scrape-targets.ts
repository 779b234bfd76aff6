import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Component } from "../components/component.ts";
import { prometheusFolder } from "../components/prometheus.ts";
import { HOST, type Ports } from "../ports.ts";
import { messageOf } from "../terminal/failure.ts";

/** Prometheus's target lists (file_sd) of one stack. */
export interface TargetLists {
  /** Adds a component: Prometheus scrapes it from now on and reports it as down if it does not answer. */
  readonly add: (component: Component) => void;
}

interface Group {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

const SCRAPED = ["services", "stack"] as const;
/** Alertmanager cannot deliver alerts before the console's inbox is ready. Until then Prometheus keeps them. */
const ALERT_PATH: readonly string[] = ["alertmanager", "console"];

/**
 * Writes empty target lists, which replace those of an earlier run. A component is added only when it should answer,
 * because a listed target counts as down while its program is being built. Targets that a user adds during the run stay. A list
 * that is not valid JSON is copied aside, and `note` gets a sentence about it.
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

/** The current list. It may be invalid JSON after an edit by a user. */
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

/** Replaces a list atomically, because Prometheus watches it. */
function replace(file: string, content: unknown): void {
  writeFileAtomic.sync(file, `${JSON.stringify(content, undefined, 2)}\n`, { fsync: false });
}
