import assert from "node:assert/strict";

export type Signal = "traces" | "metrics" | "logs";

/** A byte that is not valid UTF-8: {@link sendOtlp} replaces this private-use character by 0xFF. */
export const INVALID_BYTE = "\uE0FF";

/** One resource with what it sends: OTLP's own JSON shapes. */
export interface Sender {
  /** `service.name`, or any OTLP value for it. */
  readonly service: string | object;
  readonly resourceAttributes?: readonly object[];
  readonly scopeAttributes?: readonly object[];
  /** Spans, metrics or log records. */
  readonly items: readonly object[];
}

const FIELDS = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
} as const;

/**
 * Sends one OTLP/HTTP request in OTLP's JSON encoding, as an SDK in any language would; none of our code is between. Fails
 * when the collector does not accept it.
 */
export async function sendOtlp(collector: string, signal: Signal, senders: readonly Sender[]): Promise<void> {
  const [resources, scopes, items] = FIELDS[signal];
  const message = {
    [resources]: senders.map((sender) => ({
      resource: {
        attributes: [attribute("service.name", sender.service), ...(sender.resourceAttributes ?? [])],
      },
      [scopes]: [
        { scope: { name: "test", attributes: sender.scopeAttributes ?? [] }, [items]: sender.items },
      ],
    })),
  };
  const answer = await fetch(`${collector}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: bytesOf(JSON.stringify(message)),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** An OTLP attribute with a string, or with any OTLP value such as `{intValue: 7}`. */
export const attribute = (key: string, value: string | object): object => ({
  key,
  value: typeof value === "string" ? { stringValue: value } : value,
});

/** Now, in OTLP's spelling: nanoseconds since the epoch as a string. */
export const nanos = (offsetMs = 0): string => `${BigInt(Date.now() + offsetMs) * 1_000_000n}`;

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const latin1 = Buffer.from(text, "utf8").toString("latin1");
  const marker = Buffer.from(INVALID_BYTE, "utf8").toString("latin1");
  return new Uint8Array(Buffer.from(latin1.replaceAll(marker, "\xFF"), "latin1"));
}
