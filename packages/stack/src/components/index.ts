import { alertmanager } from "./alertmanager.ts";
import type { Component } from "./component.ts";
import { consoleServer } from "./console.ts";
import { grafana } from "./grafana.ts";
import { loki } from "./loki.ts";
import { nodeExporter } from "./node-exporter.ts";
import { otelcol } from "./otelcol.ts";
import { prometheus } from "./prometheus.ts";
import { services } from "./services.ts";
import { tempo } from "./tempo.ts";

/**
 * The components of the stack, without the demo traffic. `lab status` lists them in this order. Programs that must be
 * built are also built in this order, two at a time, so the longest builds come first.
 */
export const COMPONENTS: readonly Component[] = [
  loki,
  prometheus,
  tempo,
  otelcol,
  alertmanager,
  nodeExporter,
  grafana,
  consoleServer,
  ...services,
];
