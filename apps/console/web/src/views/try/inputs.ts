import type { Via } from "../../api/try.ts";
import { traceId } from "../../trace/otlp.ts";
import { type Codec, list, oneOf, text } from "../../url/state.ts";

export type Service = "a" | "b";
export type ProtocolChoice = Via | "both";

/** The input as typed. Not validated, so that invalid input can be sent on purpose. */
export interface Inputs {
  readonly to: Service;
  readonly via: ProtocolChoice;
  readonly name: string;
  readonly count: string;
  readonly delayMs: string;
}

export const CODECS = {
  to: oneOf(["a", "b"], "a"),
  via: oneOf(["grpc", "rest", "both"], "grpc"),
  name: text("Ana"),
  count: text("10"),
  delayMs: text("150"),
} as const;

/** The codec for trace ids: one, or two for a comparison. */
export const TRACES: Codec<readonly string[]> = {
  read: (values) =>
    list
      .read(values)
      .flatMap((one) => traceId(one) ?? [])
      .slice(0, 2),
  write: list.write,
};

/** Converts the input to URL parameters. */
export const urlParamsOf = ({ to, via, name, count, delayMs }: Inputs, traces: readonly string[]) => ({
  to: CODECS.to.write(to),
  via: CODECS.via.write(via),
  name: CODECS.name.write(name),
  count: CODECS.count.write(count),
  delay_ms: CODECS.delayMs.write(delayMs),
  trace: traces,
});

/** Returns the protocols over which a request is sent. */
export const protocolsOf = (via: ProtocolChoice): readonly Via[] =>
  via === "both" ? ["grpc", "rest"] : [via];
/** Returns the gateway for a protocol. */
export const gatewayOf = (via: Via): string => (via === "grpc" ? "gateway" : "gateway-rest");
/** Returns the route of a service. */
export const routeOf = (to: Service): string => (to === "a" ? "/a/hello" : "/b/numbers");
