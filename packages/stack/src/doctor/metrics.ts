import { join } from "node:path";
import { prometheusFolder } from "../components/prometheus.ts";
import { readyHop, servicesHop, starting } from "./common-hops.ts";
import { allBroken, broken, fine, type Hop, waitUntilOk } from "./hop.ts";
import { getCounters } from "./http.ts";
import { activeTargets, queryByService } from "./prometheus-api.ts";
import { targetProblems } from "./targets.ts";

/** Prometheus reads its target lists 5 s after it has started, then scrapes every 2 s. */
const DISCOVERY_MS = 10_000;
const SCRAPE_MS = 4500;
const REQUESTS = "http_server_request_duration_seconds_count";

const listed: Hop = {
  name: "services are targets",
  check: (exam) =>
    waitUntilOk(DISCOVERY_MS, async () => {
      const targets = await activeTargets(exam);
      const file = join(prometheusFolder(exam.state), "targets/services.json");
      for (const { name, address } of exam.services) {
        const fix = `${file} must list ${new URL(address).host} with service_name ${name}; npx lab down && npx lab up -d writes it again`;
        const own = targets.filter(({ labels }) => labels.service_name === name);
        if (own.length === 0)
          return allBroken([
            starting(exam.state, name) ?? { cause: `${name} is not among Prometheus's targets`, fix },
          ]);
        if (!own.some(({ scrapeUrl }) => scrapeUrl === `${address}/metrics`))
          return broken(`Prometheus scrapes ${name} at ${own[0]?.scrapeUrl}`, fix);
      }
      return fine(`${exam.services.length} of ${targets.length} targets`);
    }),
};

const scraped: Hop = {
  name: "Prometheus scrapes services",
  check: (exam) =>
    waitUntilOk(SCRAPE_MS, async () => {
      const own = new Set(exam.services.map(({ address }) => `${address}/metrics`));
      const problems = await targetProblems(exam, ({ scrapeUrl }) => own.has(scrapeUrl));
      return problems.length > 0 ? allBroken(problems) : fine("all four are up");
    }),
};

const counted: Hop = {
  name: "requests are counted",
  check: async (exam) => {
    const { services } = exam;
    const gateways = services.filter(({ name }) => name.startsWith("gateway"));
    const own = await Promise.all(
      gateways.map(async ({ name, address }) => ({
        name,
        count: (await getCounters(`${address}/metrics`)).get(REQUESTS) ?? 0,
      })),
    );
    return await waitUntilOk(SCRAPE_MS, async () => {
      const stored = await queryByService(exam, `sum by (service_name) (${REQUESTS})`);
      const stale = own.find(({ name, count }) => (stored.get(name) ?? 0) < count);
      if (!stale) return fine(own.map(({ name }) => `${name} ${stored.get(name)}`).join(", "));
      return broken(
        `Prometheus has ${stored.get(stale.name) ?? "no"} requests of ${stale.name}, which itself counts ${stale.count}`,
        "npx lab logs prometheus shows whether it rejects samples; otherwise check its clock and __scrape_interval__",
      );
    });
  },
};

/** service → Prometheus. */
export const metrics: readonly Hop[] = [
  servicesHop,
  readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"),
  listed,
  scraped,
  counted,
];
