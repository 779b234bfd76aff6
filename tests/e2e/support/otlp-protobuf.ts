import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/*
 * Encodes OTLP requests in JSON form as protobuf. It uses a table of field numbers, because generated code rejects
 * values that the tests must send: strings that are not UTF-8, ids of any length, unknown enum values.
 */

type Scalar =
  | "text"
  | "id"
  | "base64"
  | "bool"
  | "int32"
  | "uint32"
  | "sint32"
  | "int64"
  | "uint64"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double";
type Message = keyof typeof MESSAGES;

const ATTRIBUTES = "KeyValue";
const MESSAGES = {
  Request: {
    resourceSpans: [1, "ResourceSpans"],
    resourceMetrics: [1, "ResourceMetrics"],
    resourceLogs: [1, "ResourceLogs"],
  },
  ResourceSpans: { resource: [1, "Resource"], scopeSpans: [2, "ScopeSpans"], schemaUrl: [3, "text"] },
  ResourceMetrics: { resource: [1, "Resource"], scopeMetrics: [2, "ScopeMetrics"], schemaUrl: [3, "text"] },
  ResourceLogs: { resource: [1, "Resource"], scopeLogs: [2, "ScopeLogs"], schemaUrl: [3, "text"] },
  ScopeSpans: { scope: [1, "Scope"], spans: [2, "Span"], schemaUrl: [3, "text"] },
  ScopeMetrics: { scope: [1, "Scope"], metrics: [2, "Metric"], schemaUrl: [3, "text"] },
  ScopeLogs: { scope: [1, "Scope"], logRecords: [2, "LogRecord"], schemaUrl: [3, "text"] },
  Resource: { attributes: [1, ATTRIBUTES], droppedAttributesCount: [2, "uint32"] },
  Scope: { name: [1, "text"], version: [2, "text"], attributes: [3, ATTRIBUTES] },
  KeyValue: { key: [1, "text"], value: [2, "AnyValue"] },
  AnyValue: {
    stringValue: [1, "text"],
    boolValue: [2, "bool"],
    intValue: [3, "int64"],
    doubleValue: [4, "double"],
    arrayValue: [5, "ArrayValue"],
    kvlistValue: [6, "KeyValueList"],
    bytesValue: [7, "base64"],
  },
  ArrayValue: { values: [1, "AnyValue"] },
  KeyValueList: { values: [1, ATTRIBUTES] },
  Span: {
    traceId: [1, "id"],
    spanId: [2, "id"],
    traceState: [3, "text"],
    parentSpanId: [4, "id"],
    name: [5, "text"],
    kind: [6, "int32"],
    startTimeUnixNano: [7, "fixed64"],
    endTimeUnixNano: [8, "fixed64"],
    attributes: [9, ATTRIBUTES],
    droppedAttributesCount: [10, "uint32"],
    events: [11, "Event"],
    links: [13, "Link"],
    status: [15, "Status"],
  },
  Event: { timeUnixNano: [1, "fixed64"], name: [2, "text"], attributes: [3, ATTRIBUTES] },
  Link: { traceId: [1, "id"], spanId: [2, "id"], traceState: [3, "text"], attributes: [4, ATTRIBUTES] },
  Status: { message: [2, "text"], code: [3, "int32"] },
  Metric: {
    name: [1, "text"],
    description: [2, "text"],
    unit: [3, "text"],
    gauge: [5, "Gauge"],
    sum: [7, "Sum"],
    histogram: [9, "Histogram"],
    exponentialHistogram: [10, "ExponentialHistogram"],
    summary: [11, "Summary"],
  },
  Gauge: { dataPoints: [1, "NumberDataPoint"] },
  Sum: {
    dataPoints: [1, "NumberDataPoint"],
    aggregationTemporality: [2, "int32"],
    isMonotonic: [3, "bool"],
  },
  Histogram: { dataPoints: [1, "HistogramDataPoint"], aggregationTemporality: [2, "int32"] },
  ExponentialHistogram: {
    dataPoints: [1, "ExponentialHistogramDataPoint"],
    aggregationTemporality: [2, "int32"],
  },
  Summary: { dataPoints: [1, "SummaryDataPoint"] },
  NumberDataPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    asDouble: [4, "double"],
    exemplars: [5, "Exemplar"],
    asInt: [6, "sfixed64"],
    attributes: [7, ATTRIBUTES],
    flags: [8, "uint32"],
  },
  HistogramDataPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    bucketCounts: [6, "fixed64"],
    explicitBounds: [7, "double"],
    exemplars: [8, "Exemplar"],
    attributes: [9, ATTRIBUTES],
    flags: [10, "uint32"],
    min: [11, "double"],
    max: [12, "double"],
  },
  ExponentialHistogramDataPoint: {
    attributes: [1, ATTRIBUTES],
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    scale: [6, "sint32"],
    zeroCount: [7, "fixed64"],
    positive: [8, "Buckets"],
    negative: [9, "Buckets"],
    flags: [10, "uint32"],
    exemplars: [11, "Exemplar"],
    min: [12, "double"],
    max: [13, "double"],
  },
  Buckets: { offset: [1, "sint32"], bucketCounts: [2, "uint64"] },
  SummaryDataPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    quantileValues: [6, "ValueAtQuantile"],
    attributes: [7, ATTRIBUTES],
    flags: [8, "uint32"],
  },
  ValueAtQuantile: { quantile: [1, "double"], value: [2, "double"] },
  Exemplar: {
    timeUnixNano: [2, "fixed64"],
    asDouble: [3, "double"],
    spanId: [4, "id"],
    traceId: [5, "id"],
    asInt: [6, "sfixed64"],
    filteredAttributes: [7, ATTRIBUTES],
  },
  LogRecord: {
    timeUnixNano: [1, "fixed64"],
    severityNumber: [2, "int32"],
    severityText: [3, "text"],
    body: [5, "AnyValue"],
    attributes: [6, ATTRIBUTES],
    droppedAttributesCount: [7, "uint32"],
    flags: [8, "fixed32"],
    traceId: [9, "id"],
    spanId: [10, "id"],
    observedTimeUnixNano: [11, "fixed64"],
    eventName: [12, "text"],
  },
} as const satisfies Record<string, Record<string, readonly [number, string]>>;

/** Encodes an OTLP request. `textBytes` encodes the texts in it. */
export function encodeOtlp(request: object, textBytes: (text: string) => Uint8Array): Uint8Array {
  const scalars: Record<Scalar, readonly [WireType, (to: BinaryWriter, value: never) => unknown]> = {
    text: [WireType.LengthDelimited, (to, value: string) => to.bytes(textBytes(value))],
    id: [WireType.LengthDelimited, (to, value: string) => to.bytes(Buffer.from(value, "hex"))],
    base64: [WireType.LengthDelimited, (to, value: string) => to.bytes(Buffer.from(value, "base64"))],
    bool: [WireType.Varint, (to, value: boolean) => to.bool(value)],
    int32: [WireType.Varint, (to, value: number) => to.int32(value)],
    uint32: [WireType.Varint, (to, value: number) => to.uint32(value)],
    sint32: [WireType.Varint, (to, value: number) => to.sint32(value)],
    int64: [WireType.Varint, (to, value: string | number) => to.int64(value)],
    uint64: [WireType.Varint, (to, value: string | number) => to.uint64(value)],
    fixed32: [WireType.Bit32, (to, value: number) => to.fixed32(value)],
    fixed64: [WireType.Bit64, (to, value: string | number) => to.fixed64(value)],
    sfixed64: [WireType.Bit64, (to, value: string | number) => to.sfixed64(value)],
    double: [WireType.Bit64, (to, value: string | number) => to.double(Number(value))],
  };

  const write = (to: BinaryWriter, message: Message, item: object): BinaryWriter => {
    const fields: Record<string, readonly [number, string]> = MESSAGES[message];
    for (const [name, value] of Object.entries(item)) {
      if (value === undefined) continue;
      const [number, type] = fields[name] ?? [];
      if (number === undefined || type === undefined) throw new Error(`OTLP: ${message} has no ${name}`);
      const scalar = scalars[type as Scalar];
      if (scalar && Array.isArray(value)) {
        to.tag(number, WireType.LengthDelimited).fork();
        for (const each of value) scalar[1](to, each as never);
        to.join();
        continue;
      }
      for (const each of Array.isArray(value) ? value : [value]) {
        to.tag(number, scalar?.[0] ?? WireType.LengthDelimited);
        if (scalar) scalar[1](to, each as never);
        else write(to.fork(), type as Message, each).join();
      }
    }
    return to;
  };
  return write(new BinaryWriter(), "Request", request).finish();
}
