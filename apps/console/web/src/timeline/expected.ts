import { type FaultAlert, STACK_FAULTS, type StackFaultName } from "@lgtm-lab/faults/stack-faults";

/** The expected effects of a fault (docs/faults.md). */
export interface Expected {
  /** The effect on clients of the gateways. */
  readonly client: string;
  /** Undefined if they are not known. */
  readonly alerts?: readonly FaultAlert[];
  /** The service whose spans and log lines name the fault. */
  readonly shownBy: string;
  readonly signal: Signal;
}

/** A signal in which the fault is visible. */
export interface Signal {
  readonly title: string;
  readonly unit: "seconds" | "share";
  readonly query: string;
  /** PromQL for the request rate. Without requests the signal has no values. */
  readonly traffic: string;
  /** Values above the limit are bad. */
  readonly limit?: number;
}

const GATEWAYS = 'service_name=~"gateway|gateway-rest"';
const ANY_ROUTE = ".*";

const traffic = (route: string): string =>
  `sum(rate(http_server_request_duration_seconds_count{${GATEWAYS},http_route=~"${route}",http_route!~"unmatched|preflight"}[10s]))`;

const errors = (route: string): Signal => ({
  title: `Share of failed requests${route === ANY_ROUTE ? "" : ` to ${route}`}`,
  unit: "share",
  query: `(sum(rate(http_server_request_duration_seconds_count{${GATEWAYS},http_route=~"${route}",http_response_status_code=~"5.."}[10s])) or vector(0)) / (${traffic(route)} > 0)`,
  traffic: traffic(route),
});

const latency: Signal = {
  title: "Duration of /a/hello (90th percentile)",
  unit: "seconds",
  query: `histogram_quantile(0.9, sum by (le) (rate(http_server_request_duration_seconds_bucket{${GATEWAYS},http_route="/a/hello"}[10s])))`,
  traffic: traffic("/a/hello"),
  limit: 0.1,
};

const pace: Signal = {
  title: "Delay of /b/numbers streams (90th percentile)",
  unit: "seconds",
  query: `histogram_quantile(0.9, sum by (le) (rate(lab_stream_excess_seconds_bucket{${GATEWAYS}}[10s])))`,
  traffic: traffic("/b/numbers"),
  limit: 0.15,
};

const refused: Signal = {
  title: "Share of requests that are refused without a valid access token",
  unit: "share",
  query: `sum(rate(gateway_auth_total{${GATEWAYS},outcome!="accepted"}[10s])) / (sum(rate(gateway_auth_total{${GATEWAYS}}[10s])) > 0)`,
  traffic: traffic(ANY_ROUTE),
  limit: 0.2,
};

/** The effects besides the alerts. The type requires an entry for every fault. */
const EFFECTS: Readonly<Record<StackFaultName, Omit<Expected, "alerts">>> = {
  "slow-a": {
    client: "/a/hello returns 200, late",
    shownBy: "service-a",
    signal: latency,
  },
  "errors-a": {
    client: "half of the requests to /a/hello return 502, at random",
    shownBy: "service-a",
    signal: errors("/a/hello"),
  },
  "slow-b": {
    client: "/b/numbers returns 200, late",
    shownBy: "service-b",
    signal: pace,
  },
  "stall-b": {
    client: "/b/numbers returns 504 after 2 s, or an error event in an event stream",
    shownBy: "service-b",
    signal: errors("/b/numbers"),
  },
  "crash-b": {
    client: "/b/numbers returns 503",
    shownBy: "both gateways",
    signal: errors("/b/numbers"),
  },
  "lossy-link": {
    client: "503, 502, or late",
    shownBy: "both gateways",
    signal: errors(ANY_ROUTE),
  },
  "slow-gateway": {
    client: "all responses are late",
    shownBy: "both gateways",
    signal: latency,
  },
  "slow-a-one": {
    client: "/a/hello returns 200; few requests are late, because the other instances get the calls",
    shownBy: "service-a",
    signal: latency,
  },
  "flaky-a": {
    client: "/a/hello returns 200, because failed calls are retried",
    shownBy: "service-a",
    signal: errors("/a/hello"),
  },
  "token-storm": {
    client: "the requests with invalid tokens get 401, the others are answered",
    shownBy: "both gateways",
    signal: refused,
  },
  "expired-cert": {
    client: "/a/hello returns 503",
    shownBy: "both gateways",
    signal: errors("/a/hello"),
  },
};

/** The default for unknown faults: any page, and the share of failed requests. */
export const UNKNOWN: Expected = { client: "", shownBy: "", signal: errors(ANY_ROUTE) };

const EXPECTED: ReadonlyMap<string, Expected> = new Map(
  STACK_FAULTS.map(({ name, alerts }) => [name, { ...EFFECTS[name], alerts }]),
);

/** Looks up a fault by a name, which can come from a URL. */
export const expectedOf = (fault: string): Expected => EXPECTED.get(fault) ?? UNKNOWN;

/** Returns whether an alert is expected for a fault. Of objectives only pages are: their tickets follow minutes later. */
export function isExpected(labels: Readonly<Record<string, string>>, { alerts }: Expected): boolean {
  if (!alerts) return labels.severity === "page";
  return alerts.some(
    ({ name, slo, service, severity = "page" }) =>
      labels.alertname === name &&
      labels.severity === severity &&
      (slo === undefined || (labels.slo ?? "").endsWith(`-${slo}`)) &&
      (service === undefined || labels.service_name === service),
  );
}
