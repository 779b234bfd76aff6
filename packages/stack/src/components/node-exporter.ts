import { HOST, httpAddress } from "../ports.ts";
import { binary, PROMETHEUS_STAMP, prometheusRelease, stamp } from "../programs/program.ts";
import type { Component } from "./component.ts";

// renovate: datasource=github-releases depName=prometheus/node_exporter
const VERSION = "1.12.1";

export const nodeExporter: Component = {
  name: "node_exporter",
  serviceName: "node_exporter",
  stage: "backend",
  program: binary("NODE_EXPORTER_BIN", {
    release: prometheusRelease("node_exporter", VERSION),
    module: {
      version: VERSION,
      folder: "node_exporter",
      package: "github.com/prometheus/node_exporter",
      ldflags: stamp(PROMETHEUS_STAMP, VERSION, `v${VERSION}`),
    },
  }),
  ports: ["NODE_EXPORTER_PORT"],
  scrape: { port: "NODE_EXPORTER_PORT", file: "stack" },
  args: ({ ports }) => [`--web.listen-address=${HOST}:${ports.NODE_EXPORTER_PORT}`],
  readyUrl: ({ ports }) => `${httpAddress(ports, "NODE_EXPORTER_PORT")}/`,
};
