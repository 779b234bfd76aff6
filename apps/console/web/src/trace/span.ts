export type AttributeValue = string | number | boolean | null | readonly AttributeValue[] | AttributeMap;
export interface AttributeMap {
  readonly [key: string]: AttributeValue;
}
export type Attributes = readonly (readonly [key: string, value: AttributeValue])[];

export type Kind = "internal" | "server" | "client" | "producer" | "consumer";

export interface SpanEvent {
  readonly name: string;
  /** Milliseconds since the first moment of the trace, as those of the span. */
  readonly at: number;
  readonly attributes: Attributes;
}

/** One span as it was recorded. Times are milliseconds since the trace's first moment. */
export interface Span {
  /** Unique in its trace: the span id, with a number behind it when two spans claim the same. */
  readonly key: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly service: string;
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
  readonly error: boolean;
  /** What the status says, beside that it is an error. */
  readonly message: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scope: string;
  readonly events: readonly SpanEvent[];
  /** The trace id is missing if the span has no valid one. */
  readonly links: readonly { readonly traceId: string | undefined; readonly spanId: string }[];
}

/** The value of one attribute as text. */
export function attribute(attributes: Attributes, key: string): string | undefined {
  const found = attributes.find(([name]) => name === key);
  return found && valueText(found[1]);
}

export const valueText = (value: AttributeValue): string =>
  typeof value === "string" ? value : JSON.stringify(value);
