import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { authorityFile } from "../certificates.ts";
import { HOST, httpAddress, type Ports } from "../ports.ts";
import { type Binary, binary, PROMETHEUS_STAMP, prometheusRelease, stamp } from "../programs/program.ts";
import { messageOf } from "../terminal/messages.ts";
import { type Component, portsOf } from "./component.ts";
import { provideConfiguration } from "./configuration.ts";

// renovate: datasource=github-releases depName=prometheus/prometheus
const VERSION = "3.15.0";

const program = (name: "prometheus" | "promtool", variable: string, tags = "remove_all_sd") =>
  binary(variable, {
    release: prometheusRelease("prometheus", VERSION, name),
    module: {
      version: VERSION,
      folder: "prometheus",
      package: `github.com/prometheus/prometheus/cmd/${name}`,
      tags,
      ldflags: stamp(PROMETHEUS_STAMP, VERSION, "v0.315.0"),
    },
  });

/** Returns the folder of Prometheus's configuration: links to the clone's files, and the target lists. */
const prometheusFolder = (stateFolder: string) => join(stateFolder, "prometheus");

/** Returns the path of a target list, such as `services.json`. */
export const targetFile = (stateFolder: string, name: string) =>
  join(prometheusFolder(stateFolder), "targets", name);

/** Checks and tests rules; not part of the running stack. */
export const promtool: Binary = program("promtool", "PROMTOOL_BIN");

/**
 * With the discovery of pods, as in a release or in the image. The build above is without it, which saves the
 * compilation of the Kubernetes client.
 */
export const prometheusForKubernetes: Binary = program(
  "prometheus",
  "PROMETHEUS_BIN",
  "remove_all_sd,enable_kubernetes_sd",
);

export const prometheus: Component = {
  name: "prometheus",
  serviceName: "prometheus",
  stage: "backend",
  program: program("prometheus", "PROMETHEUS_BIN"),
  ports: ["PROMETHEUS_PORT"],
  scrape: { port: "PROMETHEUS_PORT", file: "stack" },
  args: ({ stateFolder, data, ports }) => [
    `--config.file=${join(prometheusFolder(stateFolder), "prometheus.yml")}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.retention.time=7d",
    "--storage.tsdb.retention.size=2GB",
    // A dashboard queries all its panels at once, and each running query uses memory. Further queries wait.
    "--query.max-concurrency=4",
    `--web.listen-address=${HOST}:${ports.PROMETHEUS_PORT}`,
    // Otherwise it scrapes nothing in its first 5 s, which is longer than the rest of a start.
    "--scrape.discovery-reload-interval=500ms",
    // If built from its module it has no web pages, so the links to an alert's expression lead to the console.
    `--web.external-url=${httpAddress(ports, "CONSOLE_PORT")}/prometheus`,
    "--web.route-prefix=/",
    "--enable-feature=exemplar-storage",
    "--web.enable-remote-write-receiver",
    "--web.enable-otlp-receiver",
  ],
  env: ({ ports, stateFolder }) => ({
    GOGC: "35", // its default is 75; 32 MB less at rest, for about 6 ms of CPU time a second
    // For the targets whose scheme is https.
    ...(ports.usesTls && { SSL_CERT_FILE: authorityFile(stateFolder) }),
  }),
  readyUrl: ({ ports }) => `${httpAddress(ports, "PROMETHEUS_PORT")}/-/ready`,
  prepare: ({ root, stateFolder, sloProfile, ports }) => {
    const folder = prometheusFolder(stateFolder);
    const reader = { console: httpAddress(ports, "CONSOLE_PORT") };
    // prometheus/scrape/files.yml names both. Prometheus logs an error for a folder that does not exist.
    for (const name of ["targets", "instances"]) mkdirSync(join(folder, name), { recursive: true });
    provideConfiguration(join(root, "prometheus.yml"), join(folder, "prometheus.yml"), reader);
    provideConfiguration(join(root, "prometheus/scrape/files.yml"), join(folder, "scrape.yml"), reader);
    provideConfiguration(join(root, "prometheus/rules", sloProfile), join(folder, "rules"), reader);
  },
};

/** Prometheus's target lists (file_sd) of one stack. */
export interface TargetLists {
  /** Adds a component: Prometheus scrapes it from now on and reports it as down if it does not respond. */
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
 * Writes empty target lists, which replace the lists of an earlier run. A component is added only when it should
 * respond, because a listed target counts as down while its program is being built. Targets that a user adds during the
 * run stay. A list that is not valid JSON is copied aside, and `note` gets a sentence about it.
 */
export function createTargetLists(
  stateFolder: string,
  components: readonly Component[],
  ports: Ports,
  note: (text: string) => void = () => {},
): TargetLists {
  const file = (list: string) => targetFile(stateFolder, `${list}.json`);
  const listed = new Set<string>();
  const groups = components.flatMap((component) => {
    const { name, serviceName, scrape } = component;
    if (!scrape) return [];
    const address = new URL(httpAddress(portsOf(component, ports), scrape.port));
    const targets = [address.host];
    const scheme = address.protocol === "https:" && { __scheme__: "https" };
    // Instances of a service differ in the label `instance` only, which Prometheus makes from the address.
    return [
      {
        name,
        list: scrape.file,
        group: { targets, labels: { job: serviceName, service_name: serviceName, ...scheme } },
      },
    ];
  });
  const labTargets = new Set(groups.flatMap(({ group }) => group.targets));

  function write(list: (typeof SCRAPED)[number], others: readonly Group[]) {
    const ours = groups.filter((each) => each.list === list && listed.has(each.name));
    replace(file(list), [...ours.map(({ group }) => group), ...others]);
  }

  mkdirSync(dirname(file("stack")), { recursive: true });
  for (const list of SCRAPED) write(list, []);
  replace(file("alertmanager"), []);
  return {
    add: ({ name, scrape }) => {
      if (listed.has(name)) return;
      listed.add(name);
      if (scrape)
        write(
          scrape.file,
          readGroups(file(scrape.file), note).filter(
            ({ targets }) => !targets.some((each) => labTargets.has(each)),
          ),
        );
      const needed = components.filter((component) => ALERT_PATH.includes(component.name));
      if (ALERT_PATH.includes(name) && needed.every((component) => listed.has(component.name)))
        replace(file("alertmanager"), [{ targets: [`${HOST}:${ports.ALERTMANAGER_PORT}`] }]);
    },
  };
}

/** Returns the current list. It may be invalid JSON after an edit by a user. */
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
