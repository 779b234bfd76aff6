/** Creates a span in OTLP JSON. `from` and `to` are in milliseconds. */
export function otlpSpan(
  id: string,
  parent: string | undefined,
  from: number,
  to: number,
  more: Readonly<Record<string, unknown>> = {},
) {
  const nano = (ms: number) => String(1_795_000_000_000_000_000n + BigInt(Math.round(ms * 1e6)));
  return {
    traceId: "c04e19f4de6b7454819f693f1c576087",
    spanId: id.padStart(16, "0"),
    ...(parent && { parentSpanId: parent.padStart(16, "0") }),
    name: `span ${id}`,
    kind: "SPAN_KIND_INTERNAL",
    startTimeUnixNano: nano(from),
    endTimeUnixNano: nano(to),
    ...more,
  };
}

/** Creates a batch with the spans of one service. */
export const batch = (service: string, ...spans: readonly unknown[]) => ({
  resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
  scopeSpans: [{ scope: { name: "test" }, spans }],
});
