import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prometheusFolder } from "../components/prometheus.ts";
import type { Component } from "../components/types.ts";
import { HOST, type Ports } from "../ports.ts";

/**
 * Writes the lists of scrape targets that prometheus.yml reads (file_sd), each target with the labels `job` and
 * `service_name`, and the address of Alertmanager.
 */
export function writeTargets(state: string, components: readonly Component[], ports: Ports): void {
  const folder = join(prometheusFolder(state), "targets");
  mkdirSync(folder, { recursive: true });
  for (const list of ["services", "stack"] as const) {
    const groups = components.flatMap(({ name, serviceName, scrape }) =>
      scrape?.file === list
        ? [{ targets: [`${HOST}:${ports[scrape.port]}`], labels: { job: name, service_name: serviceName } }]
        : [],
    );
    replace(join(folder, `${list}.json`), groups);
  }
  replace(join(folder, "alertmanager.json"), [{ targets: [`${HOST}:${ports.ALERTMANAGER_PORT}`] }]);
}

/** By renaming, because Prometheus watches these files. */
function replace(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}
