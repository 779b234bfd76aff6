import { join } from "node:path";
import { prometheusFolder } from "../components/prometheus.ts";
import { HOST } from "../ports.ts";
import { readyHop } from "./common-hops.ts";
import { broken, fine, type Hop, within } from "./hop.ts";
import { getJson } from "./http.ts";

const DISCOVERY_MS = 10_000;

const reached: Hop = {
  name: "Prometheus → Alertmanager",
  check: ({ at, ports, state }) =>
    within(DISCOVERY_MS, async () => {
      const url = at("PROMETHEUS_PORT", "/api/v1/alertmanagers");
      const { data } = await getJson<{ data: { activeAlertmanagers: { url: string }[] } }>(url);
      const known = data.activeAlertmanagers.map((manager) => manager.url);
      if (known.some((address) => address.startsWith(at("ALERTMANAGER_PORT", "/"))))
        return fine(known.join(", "));
      return broken(
        `Prometheus sends alerts to ${known.join(", ") || "nobody"}`,
        `${join(prometheusFolder(state), "targets/alertmanager.json")} must list ${HOST}:${ports.ALERTMANAGER_PORT}`,
      );
    }),
};

/** Prometheus → Alertmanager → the console's inbox. */
export const alerts: readonly Hop[] = [
  readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"),
  readyHop("alertmanager", "ALERTMANAGER_PORT", "/-/ready"),
  reached,
  readyHop("console", "CONSOLE_PORT", "/readyz"),
];
