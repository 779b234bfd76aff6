import { dashboard } from "../dashboard.ts";
import { collector, senders } from "./pipeline/senders.ts";
import { loki, prometheus, tempo } from "./pipeline/stores.ts";
import { scrapes, summary } from "./pipeline/summary.ts";

export const pipeline = dashboard({
  name: "pipeline",
  title: "Pipeline",
  description:
    "Does the telemetry arrive? The path of spans, log lines and samples from the services through the collector to Tempo, Loki and Prometheus: what is queued, and what is lost.",
  sections: [
    { title: "Summary", panels: summary },
    { title: "Scrapes", panels: scrapes },
    { title: "Senders", panels: senders },
    { title: "Collector", panels: collector },
    { title: "Tempo", panels: tempo },
    { title: "Loki", panels: loki },
    { title: "Prometheus and Alertmanager", panels: prometheus },
  ],
});
