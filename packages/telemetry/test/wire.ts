/** Reads just enough of the protobuf wire format to look into OTLP requests. Field numbers are those of trace.proto. */
export function* fields(message: Uint8Array): Generator<[field: number, value: Uint8Array]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else {
      const length = (tag & 7) === 2 ? varint() : (tag & 7) === 1 ? 8 : 4;
      yield [tag >>> 3, message.subarray(at, at + length)];
      at += length;
    }
  }
}

const only = (message: Uint8Array, field: number) =>
  [...fields(message)].filter(([number]) => number === field).map(([, value]) => value);

/** Returns the spans in an ExportTraceServiceRequest, in order. */
export function spansIn(request: Uint8Array): { traceId: string; name: string }[] {
  return only(request, 1)
    .flatMap((resourceSpans) => only(resourceSpans, 2))
    .flatMap((scopeSpans) => only(scopeSpans, 2))
    .map((span) => ({
      traceId: Buffer.from(only(span, 1)[0] ?? []).toString("hex"),
      name: Buffer.from(only(span, 5)[0] ?? []).toString(),
    }));
}

/** Returns a partial-success response to an export, with a number of rejected spans. */
export const partialSuccess = (rejected: number): Buffer => Buffer.from([0x0a, 0x02, 0x08, rejected]);
