import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { status } from "@grpc/grpc-js";
import { inContainers } from "./support/env.ts";
import { urls } from "./support/lab.ts";
import { countLines, lines } from "./support/loki.ts";
import {
  attribute,
  callGrpc,
  GRPC_SERVICES,
  INVALID_BYTE,
  nanos,
  type Sender,
  type Signal,
  sendOtlp,
  TRANSPORTS,
} from "./support/otlp.ts";
import { exemplars as exemplarsOf, query, value } from "./support/prometheus.ts";
import { trace } from "./support/tempo.ts";
import { eventually } from "./support/within.ts";

/**
 * An invalid item never causes the loss of another item, neither in the same request nor from another sender at the
 * same time. Each row sends its invalid item together with a good item of the same sender, and at the same time a good
 * item of another sender, by each transport; in containers by one transport per row, in rotation.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const hex = (bytes: number) => randomBytes(bytes).toString("hex");

interface Row {
  readonly name: string;
  /** The invalid item. For traces the id of its trace is given. */
  readonly item: (traceId: string) => object | readonly object[];
  /** The fields that differ in its resource. */
  readonly sender?: Partial<Sender>;
  /**
   * The filter that drops it, the exporter that sends it alone and counts it, or the reason that the backend counts.
   * If undefined, the item is repaired or harmless, and is stored.
   */
  readonly dropped?: string;
  /** Whether the item contains nothing that could be stored. */
  readonly empty?: true;
}

type Urls = Awaited<ReturnType<typeof urls>>;

/** Returns an attribute with nested maps of the given depth. */
const nested = (depth: number): object => {
  let value: object = { stringValue: "x" };
  for (let level = 0; level < depth; level++) value = { kvlistValue: { values: [attribute("k", value)] } };
  return attribute("nested", value);
};
const attributes = (count: number): object[] =>
  Array.from({ length: count }, (_, n) => attribute(`a${n}`, "x"));
const INVALID_SCOPE = { name: `n${INVALID_BYTE}`, version: INVALID_BYTE };

const span = (traceId: string, fields: object = {}): object => ({
  traceId,
  spanId: hex(8),
  name: "invalid",
  kind: 2,
  startTimeUnixNano: nanos(-5),
  endTimeUnixNano: nanos(),
  ...fields,
});

const ZERO_TRACE = "0".repeat(32);
const ZERO_SPAN = "0".repeat(16);
const WITHOUT_ID = "filter/span-without-id";

const TRACES: readonly Row[] = [
  { name: "zero trace id", item: () => span(ZERO_TRACE), dropped: WITHOUT_ID },
  { name: "empty trace id", item: () => span(""), dropped: WITHOUT_ID },
  { name: "no trace id", item: () => span("", { traceId: undefined }), dropped: WITHOUT_ID },
  { name: "zero span id", item: (id) => span(id, { spanId: ZERO_SPAN }), dropped: WITHOUT_ID },
  { name: "no span id", item: (id) => span(id, { spanId: undefined }), dropped: WITHOUT_ID },
  {
    name: "one span over the size limit of a trace",
    item: (id) => span(id, { attributes: [attribute("large", "x".repeat(5_000_000))] }),
    dropped: "trace_too_large",
  },
  {
    name: "many spans over the size limit of a trace",
    item: (id) =>
      Array.from({ length: 500 }, () => span(id, { attributes: [attribute("large", "x".repeat(10_000))] })),
    dropped: "trace_too_large",
  },
  {
    name: "parent of itself",
    item: (id) => span(id, { spanId: "0123456789abcdef", parentSpanId: "0123456789abcdef" }),
  },
  {
    name: "each other's parents",
    item: (id) => [
      span(id, { spanId: "00000000000000a1", parentSpanId: "00000000000000b2" }),
      span(id, { spanId: "00000000000000b2", parentSpanId: "00000000000000a1" }),
    ],
  },
  {
    name: "the same span id twice",
    item: (id) => [span(id, { spanId: "00000000000000c3" }), span(id, { spanId: "00000000000000c3" })],
  },
  { name: "name in invalid UTF-8", item: (id) => span(id, { name: `GET ${INVALID_BYTE}${INVALID_BYTE}` }) },
  { name: "no name", item: (id) => span(id, { name: undefined }) },
  {
    name: "attribute in invalid UTF-8",
    item: (id) => span(id, { attributes: [attribute(`a${INVALID_BYTE}`, INVALID_BYTE)] }),
  },
  {
    name: "attributes without key, without value, of every type",
    item: (id) =>
      span(id, {
        attributes: [
          attribute("", "empty key"),
          { key: "no value" },
          { key: "empty value", value: {} },
          attribute("用户", "x"),
          attribute("list", {
            arrayValue: { values: [{ intValue: 1 }, {}, { kvlistValue: { values: [{ key: "" }] } }] },
          }),
          attribute("bytes", { bytesValue: "/w==" }),
          attribute("same", "1"),
          attribute("same", "2"),
        ],
      }),
  },
  {
    name: "service.name in invalid UTF-8",
    item: (id) => span(id),
    sender: { service: `shop${INVALID_BYTE}` },
  },
  { name: "service.name as a number", item: (id) => span(id), sender: { service: { intValue: 7 } } },
  {
    name: "service.name of 100,000 characters",
    item: (id) => span(id),
    sender: { service: "long".repeat(25_000) },
  },
  { name: "end before start", item: (id) => span(id, { endTimeUnixNano: nanos(-MINUTE) }) },
  {
    name: "no timestamps",
    item: (id) => span(id, { startTimeUnixNano: undefined, endTimeUnixNano: undefined }),
  },
  {
    name: "timestamps a year ahead",
    item: (id) => span(id, { startTimeUnixNano: nanos(365 * DAY), endTimeUnixNano: nanos(365 * DAY) }),
  },
  { name: "the largest timestamp", item: (id) => span(id, { endTimeUnixNano: "18446744073709551615" }) },
  {
    name: "unknown kind and status",
    item: (id) => span(id, { kind: 99, status: { code: 42, message: INVALID_BYTE } }),
  },
  { name: "link and event without anything", item: (id) => span(id, { links: [{}], events: [{}] }) },
  { name: "2,000 attributes", item: (id) => span(id, { attributes: attributes(2000) }) },
  { name: "attribute 100 maps deep", item: (id) => span(id, { attributes: [nested(100)] }) },
  { name: "name of 100,000 characters", item: (id) => span(id, { name: "long".repeat(25_000) }) },
  {
    name: "texts in invalid UTF-8",
    item: (id) =>
      span(id, {
        traceState: INVALID_BYTE,
        status: { code: 2, message: INVALID_BYTE },
        events: [{ name: INVALID_BYTE, attributes: [attribute(INVALID_BYTE, INVALID_BYTE)] }],
        links: [{ traceId: hex(16), spanId: hex(8), traceState: INVALID_BYTE }],
      }),
    sender: { scope: INVALID_SCOPE, resourceAttributes: [attribute(INVALID_BYTE, INVALID_BYTE)] },
  },
  {
    name: "peer in invalid UTF-8",
    item: (id) =>
      span(id, {
        kind: 3,
        attributes: ["peer.service", "db.name", "net.peer.name", "db.system", "server.address"].map((key) =>
          attribute(key, INVALID_BYTE),
        ),
      }),
  },
  {
    name: "1,000 events and links",
    item: (id) =>
      span(id, {
        events: Array.from({ length: 1000 }, () => ({ timeUnixNano: nanos(), name: "e" })),
        links: Array.from({ length: 1000 }, () => ({ traceId: hex(16), spanId: hex(8) })),
      }),
  },
  { name: "service.name empty", item: (id) => span(id), sender: { service: "" } },
  {
    name: "service.name twice",
    item: (id) => span(id),
    sender: { resourceAttributes: [attribute("service.name", "second")] },
  },
  {
    name: "link to a zero id",
    item: (id) => span(id, { links: [{ traceId: ZERO_TRACE, spanId: ZERO_SPAN }] }),
  },
];

const metric = (fields: object): object => ({ name: "invalid_item", ...fields });
const gauge = (point: object, fields: object = {}): object =>
  metric({ gauge: { dataPoints: [{ asDouble: 1, timeUnixNano: nanos(), ...point }] }, ...fields });
const sum = (aggregationTemporality: number | undefined, fields: object = {}): object =>
  metric({
    sum: {
      isMonotonic: true,
      aggregationTemporality,
      dataPoints: [{ asInt: "3", startTimeUnixNano: nanos(-1000), timeUnixNano: nanos() }],
      ...fields,
    },
  });
const histogram = (aggregationTemporality: number | undefined): object =>
  metric({
    name: "invalid_histogram",
    histogram: {
      aggregationTemporality,
      dataPoints: [
        {
          count: "3",
          sum: 3,
          bucketCounts: ["1", "2"],
          explicitBounds: [1],
          startTimeUnixNano: nanos(-1000),
          timeUnixNano: nanos(),
        },
      ],
    },
  });
const exponential = (aggregationTemporality: number | undefined, fields: object = {}): object =>
  metric({
    name: "invalid_exponential",
    exponentialHistogram: {
      aggregationTemporality,
      dataPoints: [
        {
          count: "3",
          sum: 3,
          scale: 0,
          zeroCount: "1",
          positive: { offset: 0, bucketCounts: ["2"] },
          startTimeUnixNano: nanos(-1000),
          timeUnixNano: nanos(),
          ...fields,
        },
      ],
    },
  });
const DELTA = 1;
const CUMULATIVE = 2;

const EXPONENTIAL_EXPORTER = "otlp_http/prometheus-exponential";
const NOT_CONVERTIBLE = "filter/histogram-not-convertible";

const METRICS: readonly Row[] = [
  ...[
    { scale: -1 },
    { scale: 2147483647 },
    { positive: { offset: -2147483648, bucketCounts: ["2"] } },
    { negative: { offset: 2147483646, bucketCounts: ["0"] } },
  ].map((fields) => ({
    name: `delta exponential histogram with ${JSON.stringify(fields)}`,
    item: () => exponential(DELTA, fields),
    dropped: NOT_CONVERTIBLE,
  })),
  {
    name: "delta exponential histogram that becomes too coarse",
    item: () => {
      const point = (offset: number, fromMs: number) => ({
        count: "2",
        scale: 0,
        positive: { offset, bucketCounts: ["2"] },
        startTimeUnixNano: nanos(fromMs),
        timeUnixNano: nanos(fromMs + 100),
      });
      const dataPoints = [point(0, -2000), point(100_000, -1000)];
      return metric({
        name: "invalid_exponential",
        exponentialHistogram: { aggregationTemporality: DELTA, dataPoints },
      });
    },
    dropped: "filter/histogram-too-coarse-converted",
  },
  ...[
    { count: "4" },
    { count: "0" },
    { zeroCount: "9223372036854775808" },
    { count: "9223372036854775809", positive: { offset: 0, bucketCounts: ["9223372036854775808"] } },
    { count: "18446744073709551615", positive: { offset: 0, bucketCounts: ["18446744073709551614"] } },
    {
      count: "2",
      positive: { offset: 0, bucketCounts: ["2"] },
      negative: { offset: 0, bucketCounts: ["1"] },
    },
    { sum: "NaN", count: "2" },
  ].map((fields) => ({
    name: `exponential histogram that does not add up: ${JSON.stringify(fields)}`,
    item: () => exponential(CUMULATIVE, fields),
    dropped: EXPONENTIAL_EXPORTER,
  })),
  ...[
    { sum: "NaN", count: "4" },
    { sum: undefined },
    { count: "0", sum: 0, zeroCount: "0", positive: { offset: 0, bucketCounts: ["0"] } },
    { count: "1", positive: {}, negative: {} },
    { positive: { offset: 2147483646, bucketCounts: ["2"] } },
    { positive: { offset: -2147483648, bucketCounts: ["2"] } },
    { positive: { offset: 0, bucketCounts: ["2", ...Array.from({ length: 20_000 }, () => "0")] } },
    { min: "NaN", max: "-Infinity" },
    { startTimeUnixNano: "0" },
  ].map((fields) => ({
    name: `exponential histogram with ${JSON.stringify(fields).slice(0, 80)}`,
    item: () => exponential(CUMULATIVE, fields),
  })),
  ...[
    {},
    { timeUnixNano: "0" },
    { timeUnixNano: "18446744073709551615", asDouble: 1 },
    { asDouble: "NaN" },
    { asDouble: "-Infinity" },
    { asInt: "0" },
    { asDouble: 1, traceId: ZERO_TRACE, spanId: ZERO_SPAN },
    { asDouble: 1, filteredAttributes: attributes(200) },
    {
      asDouble: 1,
      filteredAttributes: ["", "用户", "trace_id", "le", "a.b", "a.b", `a${INVALID_BYTE}`].map((key) =>
        attribute(key, INVALID_BYTE),
      ),
    },
  ].flatMap((fields) => {
    const exemplars = [{ timeUnixNano: nanos(), traceId: hex(16), spanId: hex(8), ...fields }];
    const name = `with the exemplar ${JSON.stringify(fields).slice(0, 80)}`;
    const times = { startTimeUnixNano: nanos(-1000), timeUnixNano: nanos() };
    return [
      {
        name: `sum ${name}`,
        item: () => sum(CUMULATIVE, { dataPoints: [{ asInt: "3", ...times, exemplars }] }),
      },
      { name: `gauge ${name}`, item: () => gauge({ exemplars }) },
      {
        name: `histogram ${name}`,
        item: () => {
          const point = { count: "3", bucketCounts: ["1", "2"], explicitBounds: [1], ...times, exemplars };
          return metric({ histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [point] } });
        },
      },
      { name: `exponential histogram ${name}`, item: () => exponential(CUMULATIVE, { exemplars }) },
    ];
  }),
  ...["{请求}", "%", "1", "", INVALID_BYTE, "x".repeat(10_000), "By/{x}/s"].map((unit) => ({
    name: `unit ${JSON.stringify(unit).slice(0, 40)}`,
    item: () => gauge({}, { unit, description: `${INVALID_BYTE}${"x".repeat(10_000)}` }),
  })),
  {
    name: "unit in place of a name",
    item: () => gauge({}, { name: "", unit: "s" }),
    dropped: "filter/metric-without-name",
  },
  { name: "name of 100,000 characters", item: () => gauge({}, { name: "long".repeat(25_000) }) },
  { name: "name of Prometheus's own", empty: true, item: () => gauge({}, { name: "target_info" }) },
  {
    name: "exponential histogram without a recorded value",
    empty: true,
    item: () => exponential(CUMULATIVE, { flags: 1 }),
  },
  ...["NaN", "Infinity", "-Infinity", -0].map((asDouble) => ({
    name: `value ${asDouble}`,
    item: () => gauge({ asDouble }),
  })),
  { name: "no value", item: () => gauge({ asDouble: undefined }) },
  { name: "no recorded value", item: () => gauge({ flags: 1 }), empty: true as const },
  {
    name: "monotonic sum below 0",
    item: () => sum(CUMULATIVE, { dataPoints: [{ asInt: "-3", timeUnixNano: nanos() }] }),
  },
  { name: "start after the end", item: () => gauge({ startTimeUnixNano: nanos(60 * MINUTE) }) },
  { name: "2,000 attributes of a point", item: () => gauge({ attributes: attributes(2000) }) },
  { name: "attribute of a point 100 maps deep", item: () => gauge({ attributes: [nested(100)] }) },
  {
    name: "attribute keys of our own labels",
    item: () =>
      gauge({
        attributes: ["service_name", "service.name", "otel_scope_name"].map((key) => attribute(key, "other")),
      }),
    empty: true as const,
  },
  {
    name: "10,000 points",
    item: () =>
      metric({
        gauge: {
          dataPoints: Array.from({ length: 10_000 }, (_, n) => ({
            asInt: n,
            timeUnixNano: nanos(),
            attributes: [attribute("n", `${n % 100}`)],
          })),
        },
      }),
  },
  { name: "delta sum", item: () => sum(DELTA) },
  { name: "delta sum that is not monotonic", item: () => sum(DELTA, { isMonotonic: false }) },
  { name: "delta histogram", item: () => histogram(DELTA) },
  { name: "delta exponential histogram", item: () => exponential(DELTA) },
  {
    name: "sum without temporality",
    item: () => sum(undefined),
    dropped: "filter/metric-without-temporality",
  },
  {
    name: "histogram without temporality",
    item: () => histogram(undefined),
    dropped: "filter/metric-without-temporality",
  },
  {
    name: "exponential histogram without temporality",
    item: () => exponential(0),
    dropped: "filter/metric-without-temporality",
  },
  { name: "unknown temporality", item: () => sum(7), dropped: "filter/metric-without-temporality" },
  {
    name: "scale below -4",
    item: () => exponential(CUMULATIVE, { scale: -5 }),
    dropped: "filter/histogram-too-coarse",
  },
  { name: "scale over 8", item: () => exponential(CUMULATIVE, { scale: 20 }) },
  {
    name: "15 minutes ahead",
    item: () => gauge({ timeUnixNano: nanos(15 * MINUTE) }),
    dropped: "filter/metric-from-future",
  },
  {
    name: "a year ahead",
    item: () => gauge({ timeUnixNano: nanos(365 * DAY) }),
    dropped: "filter/metric-from-future",
  },
  { name: "two hours old", item: () => gauge({ timeUnixNano: nanos(-120 * MINUTE) }) },
  {
    name: "two days old",
    item: () => gauge({ timeUnixNano: nanos(-2 * DAY) }),
    dropped: "filter/metric-too-old",
  },
  { name: "time 0", item: () => gauge({ timeUnixNano: "0" }), dropped: "filter/metric-too-old" },
  {
    name: "the largest timestamp",
    item: () => gauge({ timeUnixNano: "18446744073709551615" }),
    dropped: "filter/metric-too-old",
  },
  { name: "no name", item: () => gauge({}, { name: "" }), dropped: "filter/metric-without-name" },
  { name: "name without an ASCII letter", item: () => gauge({}, { name: "请求数" }) },
  { name: "name of underscores", item: () => gauge({}, { name: "___" }) },
  { name: "name that begins with a digit", item: () => gauge({}, { name: "4xx" }) },
  { name: "name in invalid UTF-8", item: () => gauge({}, { name: `a${INVALID_BYTE}` }) },
  { name: "no points", empty: true, item: () => metric({ gauge: { dataPoints: [] } }) },
  { name: "no type", empty: true, item: () => metric({}) },
  ...["用户", "", "-", "___", "__", "é", "__-__", "\u0000"].map((key) => ({
    name: `attribute key ${JSON.stringify(key)}`,
    item: () => gauge({ attributes: [attribute(key, "x")] }),
  })),
  {
    name: "attribute keys that collide",
    item: () => gauge({ attributes: [attribute("a.b", "1"), attribute("a_b", "2"), attribute("a.b", "3")] }),
  },
  {
    name: "attribute keys that are reserved",
    item: () =>
      gauge({
        attributes: ["__name__", "job", "instance", "le", "quantile", "__reserved__"].map((key) =>
          attribute(key, "x"),
        ),
      }),
  },
  {
    name: "attribute in invalid UTF-8",
    item: () => gauge({ attributes: [attribute(`a${INVALID_BYTE}`, INVALID_BYTE)] }),
  },
  {
    name: "resource attribute keys without an ASCII letter",
    item: () => gauge({}),
    sender: { resourceAttributes: [attribute("用户", "x"), attribute("", "y")] },
  },
  {
    name: "scope attribute key without an ASCII letter",
    item: () => gauge({}),
    sender: { scopeAttributes: [attribute("用户", "x"), attribute("", "y")] },
  },
  {
    name: "service.name in invalid UTF-8",
    item: () => gauge({}),
    sender: { service: `shop${INVALID_BYTE}` },
  },
  {
    name: "service.name of 100,000 characters",
    item: () => gauge({}),
    sender: { service: "long".repeat(25_000) },
  },
  {
    name: "summary with odd quantiles",
    item: () =>
      metric({
        name: "invalid_summary",
        summary: {
          dataPoints: [
            {
              count: "1",
              sum: 1,
              timeUnixNano: nanos(),
              quantileValues: [{ quantile: -1, value: 1 }, { quantile: 2, value: 1 }, {}],
            },
          ],
        },
      }),
  },
  ...[
    { quantileValues: [] },
    {
      quantileValues: [
        { quantile: "NaN", value: "NaN" },
        { quantile: 0.5, value: "Infinity" },
      ],
    },
    {
      quantileValues: [
        { quantile: 0.5, value: 1 },
        { quantile: 0.5, value: 2 },
      ],
    },
    { count: "18446744073709551615", sum: "NaN", quantileValues: [] },
  ].map((fields) => ({
    name: `summary with ${JSON.stringify(fields)}`,
    item: () =>
      metric({ name: "invalid_summary", summary: { dataPoints: [{ timeUnixNano: nanos(), ...fields }] } }),
  })),
  ...[
    {},
    { count: "3" },
    { count: "3", bucketCounts: [], explicitBounds: [] },
    { count: "3", bucketCounts: ["3"], explicitBounds: [] },
    { count: "3", bucketCounts: [], explicitBounds: [1, 2] },
    { count: "3", bucketCounts: ["1", "1", "1"], explicitBounds: [1, 1] },
    { count: "3", bucketCounts: ["1", "1", "1"], explicitBounds: ["NaN", "Infinity"] },
    { count: "1", bucketCounts: ["5", "5"], explicitBounds: [1] },
    { count: "3", bucketCounts: ["18446744073709551615", "18446744073709551615"], explicitBounds: [1] },
    { count: "3", sum: "NaN", min: "Infinity", max: "NaN", bucketCounts: ["3"], explicitBounds: [] },
  ].flatMap((fields) =>
    [CUMULATIVE, DELTA].map((aggregationTemporality) => ({
      name: `${aggregationTemporality === DELTA ? "delta " : ""}histogram ${JSON.stringify(fields)}`,
      item: () => {
        const point = { startTimeUnixNano: nanos(-1000), timeUnixNano: nanos(), ...fields };
        return metric({ name: "invalid_odd", histogram: { aggregationTemporality, dataPoints: [point] } });
      },
    })),
  ),
  {
    name: "histogram with bounds out of order",
    item: () =>
      metric({
        name: "invalid_bounds",
        histogram: {
          aggregationTemporality: CUMULATIVE,
          dataPoints: [
            { count: "3", bucketCounts: ["1", "1", "1"], explicitBounds: [5, 1], timeUnixNano: nanos() },
          ],
        },
      }),
  },
  {
    name: "histogram with too few bounds",
    item: () =>
      metric({
        name: "invalid_few",
        histogram: {
          aggregationTemporality: CUMULATIVE,
          dataPoints: [
            { count: "3", bucketCounts: ["1", "1", "1"], explicitBounds: [5], timeUnixNano: nanos() },
          ],
        },
      }),
  },
];

const record = (traceId: string, fields: object = {}): object => ({
  traceId,
  spanId: hex(8),
  timeUnixNano: nanos(),
  severityNumber: 9,
  body: { stringValue: "invalid" },
  ...fields,
});

const LOGS: readonly Row[] = [
  ...["用户", "", "-", "___", "é", "\u0000", "__error__"].flatMap((key): Row[] => [
    {
      name: `attribute key ${JSON.stringify(key)}`,
      item: (id) => record(id, { attributes: [attribute(key, "x")] }),
    },
    {
      name: `resource attribute key ${JSON.stringify(key)}`,
      item: (id) => record(id),
      sender: { resourceAttributes: [attribute(key, "x")] },
    },
    {
      name: `scope attribute key ${JSON.stringify(key)}`,
      item: (id) => record(id),
      sender: { scopeAttributes: [attribute(key, "x")] },
    },
  ]),
  {
    name: "nested attribute keys",
    item: (id) =>
      record(id, {
        attributes: [
          attribute("用户", { kvlistValue: { values: [attribute("", "x"), attribute("名", "y")] } }),
          attribute("a", { kvlistValue: { values: [attribute("", "x"), attribute("名", "y")] } }),
        ],
      }),
  },
  {
    name: "attribute keys that collide",
    item: (id) =>
      record(id, {
        attributes: [
          attribute("a.b", "1"),
          attribute("a_b", "2"),
          attribute("trace_id", "x"),
          attribute("service.name", "y"),
        ],
      }),
  },
  {
    name: "attribute in invalid UTF-8",
    item: (id) => record(id, { attributes: [attribute(`a${INVALID_BYTE}`, INVALID_BYTE)] }),
  },
  { name: "body in invalid UTF-8", item: (id) => record(id, { body: { stringValue: INVALID_BYTE } }) },
  { name: "no body", item: (id) => record(id, { body: undefined }) },
  ...[
    { kvlistValue: { values: [attribute("", "x"), attribute("用户", { bytesValue: "/w==" }), {}] } },
    { arrayValue: { values: [{}, { intValue: 1 }, { kvlistValue: {} }] } },
    { bytesValue: "/w==" },
    {},
  ].map((body) => ({
    name: `body ${JSON.stringify(body)}`,
    item: (id: string) => record(id, { body }),
  })),
  {
    name: "unknown severity",
    item: (id) => record(id, { severityNumber: 99, severityText: INVALID_BYTE, flags: 4294967295 }),
  },
  { name: "body of 1 MB", item: (id) => record(id, { body: { stringValue: "x".repeat(1_000_000) } }) },
  { name: "15 minutes ahead", item: (id) => record(id, { timeUnixNano: nanos(15 * MINUTE) }) },
  { name: "a year ahead", item: (id) => record(id, { timeUnixNano: nanos(365 * DAY) }) },
  {
    name: "observed a year ahead",
    item: (id) => record(id, { timeUnixNano: undefined, observedTimeUnixNano: nanos(365 * DAY) }),
  },
  { name: "of 1970", item: (id) => record(id, { timeUnixNano: "1000" }) },
  { name: "the largest timestamp", item: (id) => record(id, { timeUnixNano: "18446744073709551615" }) },
  { name: "no time", item: (id) => record(id, { timeUnixNano: undefined }) },
  {
    name: "eight days old",
    item: (id) => record(id, { timeUnixNano: nanos(-8 * DAY) }),
    dropped: "filter/log-too-old",
  },
  {
    name: "two hours behind the newest line of its stream",
    item: (id) => record(id, { timeUnixNano: nanos(-120 * MINUTE) }),
    dropped: "too_far_behind",
  },
  {
    name: "observed eight days ago",
    item: (id) => record(id, { timeUnixNano: undefined, observedTimeUnixNano: nanos(-8 * DAY) }),
    dropped: "filter/log-too-old",
  },
  {
    name: "200 attributes",
    item: (id) => record(id, { attributes: Array.from({ length: 200 }, (_, n) => attribute(`a${n}`, "x")) }),
    dropped: "structured_metadata_too_many",
  },
  {
    name: "attribute of 100 KB",
    item: (id) => record(id, { attributes: [attribute("large", "x".repeat(100_000))] }),
    dropped: "structured_metadata_too_large",
  },
  { name: "empty body", item: (id) => record(id, { body: { stringValue: "" } }) },
  {
    name: "body 100 maps deep",
    item: (id) => record(id, { body: (nested(100) as { value: object }).value }),
  },
  { name: "attribute 100 maps deep", item: (id) => record(id, { attributes: [nested(100)] }) },
  {
    name: "attribute key of 2,000 characters",
    item: (id) => record(id, { attributes: [attribute("long".repeat(500), "x")] }),
  },
  {
    name: "attribute keys that differ in signs only",
    item: (id) =>
      record(id, { attributes: ["a.b", "a-b", "a/b", "A.b", "a b"].map((key) => attribute(key, key)) }),
  },
  {
    name: "texts in invalid UTF-8",
    item: (id) => record(id, { severityText: INVALID_BYTE, eventName: INVALID_BYTE }),
    sender: { scope: INVALID_SCOPE, resourceAttributes: [attribute(INVALID_BYTE, INVALID_BYTE)] },
  },
  {
    name: "severity text of 100,000 characters",
    item: (id) => record(id, { severityText: "x".repeat(100_000) }),
    dropped: "structured_metadata_too_large",
  },
  { name: "body of line breaks", item: (id) => record(id, { body: { stringValue: "\n\r\u0000\u2028" } }) },
  { name: "time 0", item: (id) => record(id, { timeUnixNano: "0", observedTimeUnixNano: "0" }) },
  {
    name: "200 attributes of the resource",
    item: (id) => record(id),
    sender: { resourceAttributes: attributes(200) },
    dropped: "structured_metadata_too_many",
  },
  { name: "service.name empty", item: (id) => record(id), sender: { service: "" } },
  {
    name: "level in an attribute",
    item: (id) =>
      record(id, { attributes: [attribute("level", { kvlistValue: { values: [attribute("用户", "x")] } })] }),
  },
  {
    name: "service.name in invalid UTF-8",
    item: (id) => record(id),
    sender: { service: `shop${INVALID_BYTE}` },
  },
  {
    name: "service.name as a map",
    item: (id) => record(id),
    sender: {
      service: { kvlistValue: { values: Array.from({ length: 30 }, (_, n) => attribute(`k${n}`, "x")) } },
    },
  },
  {
    name: "service.name of 100,000 characters",
    item: (id) => record(id),
    sender: { service: "long".repeat(25_000) },
  },
];

/** A good item that can be found again, and how. */
interface Good {
  readonly item: object;
  readonly found: () => Promise<boolean>;
}

const GOOD: Record<Signal, (at: Urls) => Good> = {
  traces: ({ tempo }) => {
    const id = hex(16);
    return { item: span(id, { name: "good" }), found: async () => (await trace(tempo, id))?.length === 1 };
  },
  metrics: ({ prometheus }) => {
    const id = hex(8);
    return {
      item: {
        name: "good_item",
        gauge: { dataPoints: [{ asDouble: 1, timeUnixNano: nanos(), attributes: [attribute("id", id)] }] },
      },
      found: async () => (await query(prometheus, `good_item{id="${id}"}`)).length === 1,
    };
  },
  logs: ({ loki }) => {
    const id = hex(16);
    return {
      item: record(id, { body: { stringValue: "good" } }),
      found: async () => (await lines(loki, `{service_name=~".+"} | trace_id="${id}"`)).length === 1,
    };
  },
};

/** Returns the number of items dropped so far, by filter or exporter of the collector or by reason of the backend. */
async function droppedItems(): Promise<Map<string, number>> {
  const { prometheus } = await urls();
  const counters =
    "otelcol_processor_filter_.+_filtered_total|otelcol_exporter_send_failed_metric_points_total|tempo_discarded_spans_total|loki_discarded_samples_total";
  const found = await query(prometheus, `sum by (filter, reason, exporter) ({__name__=~"${counters}"})`);
  return new Map(
    found.map(({ metric, value }) => [metric.filter ?? metric.reason ?? metric.exporter ?? "", value]),
  );
}

/** Whether the item that one sender sent as `service`, or by this id, is stored. */
const STORED: Record<Signal, (at: Urls, id: string, service: string) => Promise<boolean>> = {
  traces: async ({ tempo }, id) => (await trace(tempo, id)) !== undefined,
  metrics: async ({ prometheus }, _id, service) => {
    const selector = `{service_name="${service}",__name__!~"good_item|target_info"}`;
    return (await query(prometheus, `count(last_over_time(${selector}[3h]))`)).length > 0;
  },
  logs: async ({ loki }, id) => (await lines(loki, `{service_name=~".+"} | trace_id="${id}"`)).length > 0,
};

const ALL: Record<Signal, readonly Row[]> = { traces: TRACES, metrics: METRICS, logs: LOGS };

for (const [signal, rows] of Object.entries(ALL) as [Signal, readonly Row[]][])
  describe(`an invalid item does not affect other items: ${signal}`, () => {
    const sent = new Map<string, number>();
    let alreadyDropped: Map<string, number>;

    before(async () => {
      alreadyDropped = await droppedItems();
    });

    for (const [index, row] of rows.entries())
      it(row.name, async () => {
        const at = await urls();
        // A container does not have enough memory for several of the largest items at once.
        const transports = inContainers ? [TRANSPORTS[index % TRANSPORTS.length] ?? "json"] : TRANSPORTS;
        await Promise.all(
          transports.map(async (transport) => {
            const service = `invalid-${signal}-${index}-${transport}`;
            const id = hex(16);
            const [beside, other] = [GOOD[signal](at), GOOD[signal](at)];
            const items = [row.item(id)].flat();
            const senders = [
              { service, items: [beside.item] },
              { service, ...row.sender, items },
            ];
            const others = [{ service: "another-sender", items: [other.item] }];
            await Promise.all([
              sendOtlp(at, signal, senders, transport),
              sendOtlp(at, signal, others, transport),
            ]);
            await eventually(`the good item of another sender (${transport})`, other.found, 5_000);
            await eventually(`the good item in the same request (${transport})`, beside.found, 5_000);
            if (signal === "logs")
              assert.ok(
                (await countLines(at.loki, `{service_name="${service}"}`)) > 0,
                "lines can be counted",
              );
            if (row.dropped) sent.set(row.dropped, (sent.get(row.dropped) ?? 0) + items.length);
            else if (!row.empty && row.sender?.service === undefined)
              await eventually(
                `the item itself (${transport})`,
                () => STORED[signal](at, id, service),
                5_000,
              );
          }),
        );
      });

    it("each drop is counted once, with its reason", async () => {
      const counted = async () => {
        const now = await droppedItems();
        return new Map(
          [...sent.keys()].map((reason) => [
            reason,
            (now.get(reason) ?? 0) - (alreadyDropped.get(reason) ?? 0),
          ]),
        );
      };
      const same = async () => isDeepStrictEqual(await counted(), sent);
      await eventually("the counters", same, 10_000).catch(async () =>
        assert.deepEqual(await counted(), sent),
      );
    });
  });

describe("a sender with many names", () => {
  it("3,000 values of service.name keep no other sender's lines out of Loki", {
    skip: inContainers,
  }, async () => {
    const at = await urls();
    for (let from = 0; from < 3000; from += 100) {
      const senders = Array.from({ length: 100 }, (_, index) => ({
        service: `endless-${from + index}`,
        items: [record(hex(16))],
      }));
      await sendOtlp(at, "logs", senders);
    }
    const good = GOOD.logs(at);
    await sendOtlp(at, "logs", [{ service: "another-sender", items: [good.item] }]);
    await eventually("the good line", good.found, 10_000);
  });
});

describe("repaired items", () => {
  it("delta metrics add up, separately for each series", async () => {
    const at = await urls();
    const { prometheus } = at;
    const points = (key: string, values: readonly number[], fromMs: number) =>
      values.map((asInt, index) => ({
        asInt,
        attributes: [attribute("key", key)],
        startTimeUnixNano: nanos(fromMs + index * 100),
        timeUnixNano: nanos(fromMs + index * 100 + 100),
      }));
    const requests = [
      [...points("one", [3, 4], -2000), ...points("two", [1], -2000)],
      [...points("one", [5, 6], -1000), ...points("two", [1], -1000)],
    ];
    for (const dataPoints of requests) {
      const sum = { aggregationTemporality: DELTA, isMonotonic: true, dataPoints };
      await sendOtlp(at, "metrics", [{ service: "delta", items: [{ name: "delta_items", sum }] }]);
    }
    await eventually("the sums 18 and 2", async () => {
      const found = await query(prometheus, `delta_items_total{service_name="delta"}`);
      const values = Object.fromEntries(found.map(({ metric, value }) => [metric.key, value]));
      return values.one === 18 && values.two === 2;
    });
  });

  it("of the points of an exponential histogram only the invalid one is rejected", async () => {
    const at = await urls();
    const point = (key: string, count: string) => ({
      count,
      zeroCount: "3",
      timeUnixNano: nanos(),
      attributes: [attribute("key", key)],
    });
    const dataPoints = [point("first", "3"), point("invalid", "4"), point("last", "3")];
    const exponentialHistogram = { aggregationTemporality: CUMULATIVE, dataPoints };
    const items = [{ name: "one_by_one", exponentialHistogram }];
    await sendOtlp(at, "metrics", [{ service: "one-by-one", items }]);
    await eventually("both valid points", async () => {
      const found = await query(at.prometheus, `count by (key) (one_by_one{service_name="one-by-one"})`);
      const keys = found.map(({ metric }) => metric.key).sort();
      return isDeepStrictEqual(keys, ["first", "last"]);
    });
  });

  it("an exemplar without a value is stored with the value 0", async () => {
    const at = await urls();
    const traceId = hex(16);
    const exemplars = [{ timeUnixNano: nanos(), traceId, spanId: hex(8) }];
    const dataPoints = [{ asInt: "3", timeUnixNano: nanos(), exemplars }];
    const items = [sum(CUMULATIVE, { dataPoints })];
    await sendOtlp(at, "metrics", [{ service: "exemplar", items }]);
    const found = await eventually("the exemplar", async () =>
      (
        await exemplarsOf(at.prometheus, `invalid_item_total{service_name="exemplar"}`, Date.now() - MINUTE)
      ).find(({ labels }) => labels.trace_id === traceId),
    );
    assert.equal(found.value, 0);
  });

  it("the filters that split metrics between two pipelines do not count as drops", async () => {
    const { prometheus } = await urls();
    const counters = "otelcol_processor_filter_datapoints_filtered_total";
    const filters = async () =>
      (await query(prometheus, `count by (filter) (${counters})`)).map(({ metric }) => metric.filter ?? "");
    await eventually("the other filters", async () => (await filters()).includes("filter/metric-too-old"));
    assert.deepEqual(
      (await filters()).filter((filter) => filter.startsWith("filter/route-")),
      [],
    );
  });

  it("keys without an ASCII letter or digit get a unique name, the same each time", async () => {
    const at = await urls();
    const { prometheus, loki } = at;
    const id = hex(16);
    const attributes = [attribute("用户", "Ana"), attribute("名", "Bia")];
    const [user, name] = ["用户", "名"].map((key) => `key_${createHash("md5").update(key).digest("hex")}`);
    await sendOtlp(at, "logs", [{ service: "keys", items: [record(id, { attributes })] }]);
    await sendOtlp(at, "metrics", [{ service: "keys", items: [gauge({ attributes })] }]);
    const [line] = await eventually("the line", async () => {
      const found = await lines(loki, `{service_name="keys"} | trace_id="${id}"`);
      return found.length > 0 && found;
    });
    assert.equal(line?.labels[user as string], "Ana");
    assert.equal(line?.labels[name as string], "Bia");
    await eventually("the series", async () => {
      const [found] = await query(prometheus, `invalid_item{service_name="keys"}`);
      return found?.metric[user as string] === "Ana" && found.metric[name as string] === "Bia";
    });
  });

  it("a line from a sender whose clock is ahead is stored with the current time and the sender's timestamp", async () => {
    const at = await urls();
    const { loki } = at;
    const id = hex(16);
    const ahead = Date.now() + 15 * MINUTE;
    await sendOtlp(at, "logs", [
      { service: "ahead", items: [record(id, { timeUnixNano: `${BigInt(ahead) * 1_000_000n}` })] },
    ]);
    const [line] = await eventually("the line", async () => {
      const found = await lines(loki, `{service_name="ahead"} | trace_id="${id}"`);
      return found.length > 0 && found;
    });
    assert.ok(Math.abs(Number(line?.time) / 1e6 - Date.now()) < 10_000);
    assert.equal(line?.labels.original_time, `${new Date(ahead).toISOString().slice(0, 19)}Z`);
  });

  it("a severity out of range has the level `unknown`", async () => {
    const at = await urls();
    const { loki } = at;
    const id = hex(16);
    const items = [record(id, { severityNumber: 99 }), record(id, { severityNumber: -1 })];
    await sendOtlp(at, "logs", [{ service: "severity", items }]);
    await eventually(
      "both lines",
      async () =>
        (await lines(loki, `{service_name="severity", level="unknown"} | trace_id="${id}"`)).length === 2,
    );
  });

  const NAMES: readonly [sent: string, stored: string][] = [
    ["GET /users/42", "GET /users/{id}"],
    ["GET /users/42/orders/7?sort=asc&page=2", "GET /users/{id}/orders/{id}?{query}"],
    ["load 123e4567-e89b-12d3-a456-426614174000", "load {id}"],
    ["job 01ARZ3NDEKTSV4RRFFQ69G5FAV", "job {id}"],
    ["checkout_4bf92f3577b34da6a3ce929d0e0e4736", "checkout_{id}"],
    ["commit 9fceb02d", "commit {id}"],
    ["order-17", "order-{id}"],
    ["order_17", "order_{id}"],
    ["item000123", "item{id}"],
    ["GET /watch/dQw4w9WgXcQ", "GET /watch/{id}"],
    ["job 01arz3ndektsv4rrffq69g5fav", "job {id}"],
    ["tx 0xdeadbeefcafe", "tx {id}"],
    ["mail to bob.smith@example.com", "mail to {email}"],
    ["pspd.ServiceA/SayHello", "pspd.ServiceA/SayHello"],
    ["GET /api/v1/users", "GET /api/v1/users"],
    ["S3.GetObject", "S3.GetObject"],
    ["http2 handshake", "http2 handshake"],
    ["SELECT pedidos", "SELECT pedidos"],
    ["DescribeInstanceTypeOfferings", "DescribeInstanceTypeOfferings"],
    [`GET ${INVALID_BYTE}`, "GET ?"],
  ];
  it("ids in span names are replaced, and the original name is kept", async () => {
    const at = await urls();
    const { tempo } = at;
    const id = hex(16);
    const spans = NAMES.map(([name], index) => span(id, { name, spanId: `${index + 1}`.padStart(16, "0") }));
    await sendOtlp(at, "traces", [{ service: "names", items: spans }]);
    const stored = await eventually("the trace", async () => {
      const found = await trace(tempo, id);
      return found?.length === NAMES.length && found;
    });
    for (const [index, [sent, name]] of NAMES.entries()) {
      const found = stored.find(({ spanId }) => Number(spanId) === index + 1);
      assert.equal(found?.name, name);
      const original = sent === name || sent.includes(INVALID_BYTE) ? undefined : sent;
      assert.equal(found?.attributes["lab.span.original_name"], original);
    }
  });

  it("1,000 span names that differ by an id make the series of one", async () => {
    const at = await urls();
    const { prometheus } = at;
    const id = hex(16);
    const spans = Array.from({ length: 1000 }, (_, index) => span(id, { name: `GET /users/${index}` }));
    await sendOtlp(at, "traces", [{ service: "many-names", items: spans }]);
    const names = () =>
      query(prometheus, `count by (span_name) (traces_spanmetrics_calls_total{service="many-names"})`);
    await eventually("the span metrics", async () => (await names()).length > 0);
    assert.deepEqual(
      (await names()).map(({ metric }) => metric.span_name),
      ["GET /users/{id}"],
    );
  });

  it("an alert names the dropped items and the reason", async () => {
    const at = await urls();
    const { prometheus } = at;
    await sendOtlp(at, "traces", [{ service: "without-id", items: [span(ZERO_TRACE)] }]);
    await eventually(
      "the alert",
      async () =>
        (
          await query(
            prometheus,
            `ALERTS{alertname="CollectorDropping",alertstate="firing",filter="filter/span-without-id"}`,
          )
        ).length > 0,
    );
  });
});

interface RejectedRequest {
  readonly title: string;
  /** The collector's counter and the labels of the alert. */
  readonly counter: string;
  readonly alert: string;
  readonly send: () => Promise<void>;
}

// Each test waits for scrapes and for a rule, so they run concurrently. (A container has too little memory for that.)
describe("a request that is not valid OTLP", { concurrency: !inContainers }, () => {
  const TOO_LARGE = 17 * 1024 * 1024;
  /** The body, its content type, and the expected response. */
  const HTTP: readonly [
    name: string,
    signal: Signal,
    type: string,
    body: string | Uint8Array<ArrayBuffer>,
    expected: number,
  ][] = [
    [
      "a trace id of 8 bytes",
      "traces",
      "application/json",
      JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "0123456789abcdef" }] }] }] }),
      400,
    ],
    [
      "a negative bucket count",
      "metrics",
      "application/json",
      JSON.stringify({
        resourceMetrics: [
          { scopeMetrics: [{ metrics: [{ histogram: { dataPoints: [{ bucketCounts: ["-1"] }] } }] }] },
        ],
      }),
      400,
    ],
    ["no JSON", "logs", "application/json", "{", 400],
    ["no protobuf", "logs", "application/x-protobuf", "\xff\xff", 400],
    ["17 MiB", "metrics", "application/x-protobuf", new Uint8Array(TOO_LARGE), 400],
    ["another content type", "traces", "text/plain", "x", 415],
  ];
  const GRPC: readonly [
    name: string,
    signal: Signal,
    message: Uint8Array,
    code: "INTERNAL" | "RESOURCE_EXHAUSTED",
  ][] = [
    ["no protobuf", "traces", new Uint8Array([255, 255]), "INTERNAL"],
    ["17 MiB", "logs", new Uint8Array(TOO_LARGE), "RESOURCE_EXHAUSTED"],
  ];

  /** Sends, and waits until the collector's counter has grown by one and the alert with these labels fires. */
  async function assertCounted(counter: string, alertLabels: string, send: () => Promise<void>) {
    const { prometheus } = await urls();
    const count = async () => (await value(prometheus, `sum(${counter})`)) ?? 0;
    const before = await count();
    await send();
    await eventually(counter, async () => (await count()) === before + 1);
    const alert = `ALERTS{alertname="CollectorInvalidRequests",alertstate="firing",${alertLabels}}`;
    await eventually(alert, async () => (await query(prometheus, alert)).length > 0);
  }

  const overHttp = HTTP.map(
    ([name, signal, type, body, expected]): RejectedRequest => ({
      title: `OTLP/HTTP, ${name}: ${expected}, counted, and an alert`,
      counter: `otelcol_receiver_http_request_duration_seconds_count{http_route="/v1/${signal}",http_response_status_code="${expected}"}`,
      alert: `transport="http",path="/v1/${signal}",status="${expected}"`,
      send: async () => {
        const at = await urls();
        const good = GOOD[signal](at);
        const init = { method: "POST", headers: { "content-type": type }, body };
        const [response] = await Promise.all([
          fetch(`${at.collector}/v1/${signal}`, init),
          sendOtlp(at, signal, [{ service: "another-sender", items: [good.item] }]),
        ]);
        assert.equal(response.status, expected, await response.text());
        await eventually("the good item of another sender", good.found, 5_000);
      },
    }),
  );
  const overGrpc = GRPC.map(([name, signal, message, code]): RejectedRequest => {
    const path = `${GRPC_SERVICES[signal]}/Export`;
    return {
      title: `OTLP/gRPC, ${name}: ${code}, counted, and an alert`,
      counter: `otelcol_receiver_grpc_call_duration_seconds_count{rpc_method="${path}",rpc_response_status_code="${code}"}`,
      alert: `transport="grpc",path="${path}",status="${code}"`,
      send: async () => {
        const { collectorGrpc } = await urls();
        await assert.rejects(callGrpc(collectorGrpc, signal, message), { code: status[code] });
      },
    };
  });
  const wrongPath: RejectedRequest = {
    title: "a wrong path: 404, counted, and an alert",
    counter: `otelcol_receiver_http_request_duration_seconds_count{http_route="",http_response_status_code="404"}`,
    alert: `transport="http",path="",status="404"`,
    send: async () => {
      const { collector } = await urls();
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${collector}/v1/trace`, { method: "POST", headers, body: "{}" });
      assert.equal(response.status, 404);
    },
  };

  // Requests that increase the same counter are sent one after another.
  const byCounter = Map.groupBy([...overHttp, ...overGrpc, wrongPath], ({ counter }) => counter);
  for (const [counter, requests] of byCounter)
    describe(counter, { concurrency: false }, () => {
      for (const { title, alert, send } of requests) it(title, () => assertCounted(counter, alert, send));
    });
});
