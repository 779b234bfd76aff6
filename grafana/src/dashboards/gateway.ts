import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "../dashboard.ts";
import type { EmptyWhenOff } from "../empty-panels.ts";
import { label, linkTo, serviceLinks } from "../links.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { timeseries } from "../panels/timeseries.ts";
import {
  durations,
  failures,
  GATEWAYS,
  orTextRow,
  quantile,
  rate,
  requests,
  series,
  share,
  sumBy,
  union,
} from "../promql.ts";
import { metric } from "../targets.ts";
import { metricLabel } from "../variables.ts";

/** The value of "All" matches every service. */
const GATEWAY = `${GATEWAYS}, service_name=~"$gateway"`;
const and = (more: string) => `${GATEWAY}, ${more}`;
/** The services behind the gateways. Those of other programs have no instances that a gateway chooses. */
const BEHIND = 'service_name=~"service-.*"';
const BY_GATEWAY = ["service_name"];
/** An instance, as a gateway calls it. */
const BY_ADDRESS = ["upstream", "address"];

const gateway = metricLabel(
  { name: "gateway", label: "Gateway", description: "One gateway, or both." },
  `http_server_request_duration_seconds_count{${GATEWAYS}}`,
  "service_name",
);

const instances: EmptyWhenOff = {
  text: "Not tracked: one address per service, no UPSTREAM_… variable, no ROUTES_FILE",
  turnedOnBy: [
    "UPSTREAM_RETRIES",
    "UPSTREAM_BREAKER_FAILURES",
    "UPSTREAM_EJECTION_FAILURES",
    "UPSTREAM_HEALTH_CHECK_MS",
    "UPSTREAM_DNS_MS",
    "ROUTES_FILE",
  ],
};
const retries: EmptyWhenOff = { text: "Retries are off", turnedOnBy: ["UPSTREAM_RETRIES", "ROUTES_FILE"] };
const tokens: EmptyWhenOff = { text: "Access tokens are not checked", turnedOnBy: ["AUTH_ISSUER"] };
const rateLimit: EmptyWhenOff = { text: "The rate limit is off", turnedOnBy: ["RATE_LIMIT", "ROUTES_FILE"] };
const cache: EmptyWhenOff = { text: "The cache is off", turnedOnBy: ["HELLO_CACHE_MS", "ROUTES_FILE"] };

const upstreamLinks = [
  linkTo("service", `Service: ${label("upstream")}`, { service: label("upstream") }),
  linkTo("logs", `Logs of ${label("upstream")}`, { service: label("upstream") }),
];

/** What a gateway does with a request besides forwarding it once. Those of mechanisms that are off have no series. */
const DECISIONS: Readonly<Record<string, string>> = {
  "all requests": requests(GATEWAY),
  shed: rate("http_server_requests_shed_total", GATEWAY),
  "rate limited": rate("gateway_rate_limited_total", GATEWAY),
  "access refused": rate("gateway_auth_total", and('outcome!="accepted"')),
  "from the cache": rate("gateway_cache_requests_total", and('outcome="hit"')),
  retried: rate("gateway_retries_total", and('outcome="retried"')),
  "rejected by breakers": rate("gateway_breaker_rejections_total", GATEWAY),
  "with a fallback": rate("gateway_fallbacks_total", GATEWAY),
};

const decisions = union(
  ...Object.entries(DECISIONS).map(
    ([decision, expression]) => `label_replace(${sumBy([], expression)}, "decision", "${decision}", "", "")`,
  ),
);

const requestPanels = [
  timeseries({
    title: "Requests by decision",
    description:
      "All requests per second, and those that the gateways did not only forward: shed (too many in flight), rate limited, refused without a valid access token, answered from the cache, retried, rejected because every circuit breaker was open, or answered with a fallback. A mechanism that is off has no line.",
    targets: [metric(decisions, "{{decision}}")],
    unit: "reqps",
    width: 12,
    height: 11,
    links: [linkTo("traces", "Traces of the gateways", { service: "gateway&var-service=gateway-rest" })],
  }),
  timeseries({
    title: "Duration: p50, p95, p99",
    description:
      "Half, 95 % and 99 % of the requests took at most this long in the gateway, with all attempts. The dots are exemplars: click one to open its trace. A stream takes as long as its caller requested.",
    targets: [
      metric(quantile(0.5, BY_GATEWAY, durations(GATEWAY)), "{{service_name}} p50"),
      metric(quantile(0.95, BY_GATEWAY, durations(GATEWAY)), "{{service_name}} p95"),
      metric(quantile(0.99, BY_GATEWAY, durations(GATEWAY)), "{{service_name}} p99", { exemplars: true }),
    ],
    unit: "s",
    width: 12,
    height: 11,
    links: serviceLinks,
  }),
  timeseries({
    title: "Errors",
    description:
      "Share of the requests that a gateway answered with 5xx. Retries, other instances and fallbacks make it smaller than the share of failed calls below.",
    targets: [metric(share(BY_GATEWAY, failures(GATEWAY), requests(GATEWAY)), "{{service_name}}")],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 9,
    links: [...serviceLinks, linkTo("slo", "Service level objectives")],
  }),
  timeseries({
    title: "Requests in progress",
    description:
      "Requests that run or wait in each gateway now. For each route, at most 64 short requests run and 500 wait (ROUTES_FILE can change this), and at most 500 streams and long requests run and 1,000 wait; further requests are shed. These limits are always on.",
    targets: [metric(sumBy(BY_GATEWAY, series("http_server_active_requests", GATEWAY)), "{{service_name}}")],
    unit: "none",
    decimals: 0,
    width: 8,
    height: 9,
    links: [...serviceLinks, linkTo("load", "Load")],
  }),
  timeseries({
    title: "Shed requests",
    description:
      "Share of the requests that each gateway rejected with 503 and Retry-After, because too many were running and waiting, or because they would have waited too long. GatewayShedding fires above 1 %, if at least 20 requests were shed in the last minute.",
    targets: [
      metric(
        share(BY_GATEWAY, rate("http_server_requests_shed_total", GATEWAY), requests(GATEWAY)),
        "{{service_name}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 9,
    links: [...serviceLinks, linkTo("load", "Load")],
  }),
];

const CALLS = "gateway_upstream_calls_total";

const instancePanels = [
  timeseries({
    title: "Calls by instance",
    description:
      "Calls per second to each instance, with retries: how the load is balanced. docs/load-balancing.md compares the algorithms.",
    targets: [metric(sumBy(BY_ADDRESS, rate(CALLS, GATEWAY)), "{{upstream}} {{address}}")],
    unit: "reqps",
    width: 12,
    height: 10,
    links: upstreamLinks,
    emptyWhenOff: instances,
  }),
  timeseries({
    title: "Failed calls by instance",
    description:
      "Share of the calls to each instance that failed: errors, refused connections and missed deadlines.",
    targets: [
      metric(
        share(BY_ADDRESS, rate(CALLS, and('outcome="failed"')), rate(CALLS, GATEWAY)),
        "{{upstream}} {{address}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 12,
    height: 10,
    links: upstreamLinks,
    emptyWhenOff: instances,
  }),
  timeseries({
    title: "Latency by instance",
    description:
      "Mean latency of the recent calls to each instance, without the time that a stream takes by its parameters, in the gateway where it is highest. It is the number by which least-time chooses: a failed call counts as at least 1 s, and without calls it falls to 0 within half a minute. InstanceSlow compares the mean of the successful calls in a minute.",
    targets: [
      metric(
        `max by (upstream, address) (${series("gateway_instance_latency_seconds", GATEWAY)})`,
        "{{upstream}} {{address}}",
      ),
    ],
    unit: "s",
    width: 12,
    height: 10,
    links: upstreamLinks,
    emptyWhenOff: instances,
  }),
  timeseries({
    title: "Calls in progress by instance",
    description: "Calls that each instance is handling now for the gateways.",
    targets: [
      metric(sumBy(BY_ADDRESS, series("gateway_instance_active_calls", GATEWAY)), "{{upstream}} {{address}}"),
    ],
    unit: "none",
    decimals: 0,
    width: 12,
    height: 10,
    links: upstreamLinks,
    emptyWhenOff: instances,
  }),
  timeseries({
    title: "Requests that an instance answered",
    description:
      "Requests per second that each instance of A and B has answered, over gRPC and HTTP, as the instance itself counts them.",
    targets: [metric(sumBy(["service_name", "instance"], requests(BEHIND)), "{{service_name}} {{instance}}")],
    unit: "reqps",
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Duration in an instance (p95)",
    description:
      "95 % of the requests to each instance of A and B took at most this long in the instance itself. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(
        quantile(0.95, ["service_name", "instance"], durations(BEHIND)),
        "{{service_name}} {{instance}}",
        { exemplars: true },
      ),
    ],
    unit: "s",
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
];

/** The value of the row that says that a mechanism is off, below those of the states. */
const OFF = { value: "-1", mapping: { text: "off", color: "transparent", index: 3 } };
const BREAKERS_OFF = "Breakers are off";
const EJECTION_OFF = "Ejection is off";
const JWKS_OFF = "Tokens not checked";

const failurePanels = [
  stateTimeline({
    title: "Circuit breakers",
    description:
      "The state of the circuit breaker of each instance, the worst of the gateways. While it is open, the instance gets no calls; half-open, it gets one trial call.",
    targets: [
      metric(
        orTextRow(
          `max by (upstream, address) (${series("gateway_breaker_state", GATEWAY)})`,
          "address",
          BREAKERS_OFF,
          OFF.value,
        ),
        "{{upstream}} {{address}}",
      ),
    ],
    steps: ["transparent", [0, "green"], [1, "orange"], [2, "red"]],
    mappings: [
      {
        type: MappingType.ValueToText,
        options: {
          0: { text: "closed", color: "green", index: 0 },
          1: { text: "half-open", color: "orange", index: 1 },
          2: { text: "open", color: "red", index: 2 },
          [OFF.value]: OFF.mapping,
        },
      },
    ],
    maxDataPoints: 400,
    width: 24,
    height: 9,
    emptyWhenOff: { text: BREAKERS_OFF, turnedOnBy: ["UPSTREAM_BREAKER_FAILURES"] },
  }),
  stateTimeline({
    title: "Ejected instances",
    description:
      "When an instance was ejected in at least one gateway, because of failed calls or health checks: other instances are preferred. InstanceEjected fires after 10 s.",
    targets: [
      metric(
        orTextRow(
          `max by (upstream, address) (${series("gateway_instance_ejected", GATEWAY)})`,
          "address",
          EJECTION_OFF,
          OFF.value,
        ),
        "{{upstream}} {{address}}",
      ),
    ],
    steps: ["transparent", [0, "green"], [1, "red"]],
    mappings: [
      {
        type: MappingType.ValueToText,
        options: {
          0: { text: "in use", color: "green", index: 0 },
          1: { text: "ejected", color: "red", index: 1 },
          [OFF.value]: OFF.mapping,
        },
      },
    ],
    maxDataPoints: 400,
    width: 24,
    height: 9,
    emptyWhenOff: {
      text: EJECTION_OFF,
      turnedOnBy: ["UPSTREAM_EJECTION_FAILURES", "UPSTREAM_HEALTH_CHECK_MS"],
    },
  }),
  timeseries({
    title: "Retries by outcome",
    description:
      "Failed calls per second that could be retried: retried, or not because of the retry budget (no_budget), the deadline (no_time) or the number of retries (max_retries).",
    targets: [
      metric(
        sumBy(["upstream", "outcome"], rate("gateway_retries_total", GATEWAY)),
        "{{upstream}} {{outcome}}",
      ),
    ],
    unit: "reqps",
    width: 8,
    height: 10,
    links: upstreamLinks,
    emptyWhenOff: retries,
  }),
  timeseries({
    title: "Share of retries",
    description:
      "Share of the calls that are retries: what an outage adds to the load. RetryRateHigh fires above 5 %, if at least 3 calls were retried in the last minute. With the default budget of 20 %, at most a sixth of the calls are retries, apart from saved ones.",
    targets: [
      metric(
        share(["upstream"], rate("gateway_retries_total", and('outcome="retried"')), rate(CALLS, GATEWAY)),
        "{{upstream}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 10,
    links: upstreamLinks,
    emptyWhenOff: retries,
  }),
  timeseries({
    title: "Fallbacks",
    description:
      "Greetings per second that a gateway made itself, because service A failed. Objectives count them as good.",
    targets: [metric(sumBy(BY_GATEWAY, rate("gateway_fallbacks_total", GATEWAY)), "{{service_name}}")],
    unit: "reqps",
    width: 8,
    height: 10,
    links: serviceLinks,
    emptyWhenOff: { text: "The fallback is off", turnedOnBy: ["HELLO_FALLBACK"] },
  }),
];

const LIMITED = "gateway_rate_limited_total";
const CACHED = "gateway_cache_requests_total";

const edge = [
  timeseries({
    title: "Rate limited requests",
    description:
      "Requests per second that were answered with 429, by route and bucket. The bucket is the client's own, or the one that clients share when too many are remembered.",
    targets: [metric(sumBy(["http_route", "bucket"], rate(LIMITED, GATEWAY)), "{{http_route}} {{bucket}}")],
    unit: "reqps",
    width: 8,
    height: 10,
    emptyWhenOff: rateLimit,
  }),
  timeseries({
    title: "Remembered clients",
    description: "Clients of each route whose rate a gateway remembers, at most 10,000.",
    targets: [
      metric(
        sumBy(["service_name", "http_route"], series("gateway_rate_limit_clients", GATEWAY)),
        "{{service_name}} {{http_route}}",
      ),
    ],
    unit: "none",
    decimals: 0,
    width: 8,
    height: 10,
    links: serviceLinks,
    emptyWhenOff: rateLimit,
  }),
  timeseries({
    title: "Cache hit ratio",
    description:
      "Share of the greetings that were not requested from service A: they were in the cache (hit), or the request waited for one that was already running (joined).",
    targets: [
      metric(
        `${sumBy(["outcome"], rate(CACHED, and('outcome!="miss"')))}\n/ on () group_left ()\n${sumBy([], rate(CACHED, GATEWAY))}`,
        "{{outcome}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    stacked: true,
    width: 8,
    height: 10,
    emptyWhenOff: cache,
  }),
];

const CHECKS = "gateway_auth_total";

const access = [
  timeseries({
    title: "Refused requests by reason",
    description:
      "Requests per second whose access token was refused, by reason; docs/authentication.md explains each. Reasons that have never occurred are left out.",
    targets: [
      metric(
        `${sumBy(["outcome"], rate(CHECKS, and('outcome!="accepted"')))}\nand\n${sumBy(["outcome"], series(CHECKS, GATEWAY))} > 0`,
        "{{outcome}}",
      ),
    ],
    unit: "reqps",
    width: 8,
    height: 10,
    links: [linkTo("logs", "Logs of the gateways", { service: "gateway&var-service=gateway-rest" })],
    emptyWhenOff: { text: "Not checked, or none refused", turnedOnBy: tokens.turnedOnBy },
  }),
  timeseries({
    title: "Share of refused requests",
    description:
      "Share of the checked requests that were refused. AuthenticationFailing fires above 20 %, if at least 20 requests were refused in the last minute; it does not count keys_unavailable.",
    targets: [
      metric(
        share(BY_GATEWAY, rate(CHECKS, and('outcome!="accepted"')), rate(CHECKS, GATEWAY)),
        "{{service_name}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    steps: ["green", [0.2, "red"]],
    stepLines: true,
    width: 8,
    height: 10,
    links: serviceLinks,
    emptyWhenOff: tokens,
  }),
  stateTimeline({
    title: "Keys of the issuer (JWKS)",
    description:
      "Whether the last request for the JWKS succeeded. After a failure the keys stay in use until they are too old (AUTH_JWKS_MAX_AGE_S).",
    targets: [
      metric(
        orTextRow(
          `min by (service_name) (${series("gateway_auth_jwks_up", GATEWAY)})`,
          "service_name",
          JWKS_OFF,
          OFF.value,
        ),
        "{{service_name}}",
      ),
    ],
    steps: ["transparent", [0, "red"], [1, "green"]],
    mappings: [
      {
        type: MappingType.ValueToText,
        options: {
          0: { text: "not obtained", color: "red", index: 0 },
          1: { text: "obtained", color: "green", index: 1 },
          [OFF.value]: OFF.mapping,
        },
      },
    ],
    maxDataPoints: 400,
    width: 8,
    height: 10,
    emptyWhenOff: { text: JWKS_OFF, turnedOnBy: tokens.turnedOnBy },
  }),
];

export const gatewayDashboard = dashboard({
  name: "gateway",
  title: "Gateway",
  description:
    "What did the gateways decide, and which instances did they call? Retries, circuit breakers, ejection, balancing, rate limit, cache and access tokens. A panel says so while its mechanism is off.",
  variables: [gateway],
  sections: [
    { title: "Requests", panels: requestPanels },
    { title: "Instances of A and B", panels: instancePanels },
    { title: "Retries, circuit breakers, ejection", panels: failurePanels },
    { title: "Rate limit and cache", panels: edge },
    { title: "Access tokens", panels: access },
  ],
});
