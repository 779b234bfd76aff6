import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST, httpAddress } from "../ports.ts";
import { binary, PROMETHEUS_STAMP, prometheusRelease, stamp } from "../programs/program.ts";
import type { Component } from "./component.ts";
import { alertInbox } from "./console.ts";

// renovate: datasource=github-releases depName=prometheus/alertmanager
const VERSION = "0.31.1";

export const alertmanager: Component = {
  name: "alertmanager",
  serviceName: "alertmanager",
  stage: "backend",
  program: binary("ALERTMANAGER_BIN", {
    release: prometheusRelease("alertmanager", VERSION),
    module: {
      version: VERSION,
      folder: "alertmanager",
      package: "github.com/prometheus/alertmanager/cmd/alertmanager",
      ldflags: stamp(PROMETHEUS_STAMP, VERSION, `v${VERSION}`),
    },
  }),
  ports: ["ALERTMANAGER_PORT"],
  scrape: { port: "ALERTMANAGER_PORT", file: "stack" },
  args: ({ root, data, ports }) => [
    `--config.file=${join(root, "alertmanager.yml")}`,
    `--storage.path=${data}`,
    `--web.listen-address=${HOST}:${ports.ALERTMANAGER_PORT}`,
    // The default is the machine's name, at which it does not listen.
    `--web.external-url=${httpAddress(ports, "ALERTMANAGER_PORT")}`,
    "--web.route-prefix=/",
    "--cluster.listen-address=", // otherwise it listens on port 9094 of all addresses
  ],
  env: () => ({ GOGC: "50" }), // 3 MB less; it allocates too little for this to cost CPU time
  cwd: ({ data }) => data,
  readyUrl: ({ ports }) => `${httpAddress(ports, "ALERTMANAGER_PORT")}/-/ready`,
  prepare: ({ data, ports }) => {
    writeFileSync(join(data, "webhook-url"), alertInbox(ports));
  },
};
