import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { HOST, httpAddress } from "../ports.ts";
import type { Binary } from "../programs/program.ts";
import { binary, PROMETHEUS_STAMP, prometheusRelease, stamp } from "../programs/program.ts";
import type { Component } from "./component.ts";
import { provideConfiguration } from "./configuration.ts";

// renovate: datasource=github-releases depName=prometheus/prometheus
const VERSION = "3.15.0";

const program = (name: "prometheus" | "promtool", variable: string) =>
  binary(variable, {
    release: prometheusRelease("prometheus", VERSION, name),
    module: {
      version: VERSION,
      folder: "prometheus",
      package: `github.com/prometheus/prometheus/cmd/${name}`,
      tags: "remove_all_sd",
      ldflags: stamp(PROMETHEUS_STAMP, VERSION, "v0.315.0"),
    },
  });

/** The folder of Prometheus's configuration: links to the clone's files, and the target lists. */
export const prometheusFolder = (state: string) => join(state, "prometheus");

/** Checks and tests rules; not part of the running stack. */
export const promtool: Binary = program("promtool", "PROMTOOL_BIN");

export const prometheus: Component = {
  name: "prometheus",
  serviceName: "prometheus",
  stage: "backend",
  program: program("prometheus", "PROMETHEUS_BIN"),
  ports: ["PROMETHEUS_PORT"],
  scrape: { port: "PROMETHEUS_PORT", file: "stack" },
  args: ({ state, data, ports }) => [
    `--config.file=${join(prometheusFolder(state), "prometheus.yml")}`,
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
  env: () => ({ GOGC: "35" }), // its default is 75; 32 MB less at rest, for about 6 ms of CPU time a second
  readyUrl: ({ ports }) => `${httpAddress(ports, "PROMETHEUS_PORT")}/-/ready`,
  prepare: ({ root, state, sloProfile, ports }) => {
    const folder = prometheusFolder(state);
    const reader = { console: httpAddress(ports, "CONSOLE_PORT") };
    mkdirSync(join(folder, "targets"), { recursive: true });
    provideConfiguration(join(root, "prometheus.yml"), join(folder, "prometheus.yml"), reader);
    provideConfiguration(join(root, "prometheus/rules", sloProfile), join(folder, "rules"), reader);
  },
};
