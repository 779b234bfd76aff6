import type { Protocol } from "@lgtm-lab/contracts/services";
import { traceId } from "../../trace/otlp.ts";
import { type Codec, list, oneOf, text } from "../../url/state.ts";

export type Service = "a" | "b";
export type ProtocolChoice = Protocol | "both";

/** The input as typed. Not validated, so that invalid input can be sent on purpose. */
export interface Inputs {
  readonly to: Service;
  readonly protocol: ProtocolChoice;
  readonly name: string;
  readonly count: string;
  readonly delayMs: string;
}

export const CODECS = {
  to: oneOf(["a", "b"], "a"),
  protocol: oneOf(["grpc", "rest", "both"], "grpc"),
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
export const urlParamsOf = ({ to, protocol, name, count, delayMs }: Inputs, traces: readonly string[]) => ({
  to: CODECS.to.write(to),
  via: CODECS.protocol.write(protocol),
  name: CODECS.name.write(name),
  count: CODECS.count.write(count),
  delay_ms: CODECS.delayMs.write(delayMs),
  trace: traces,
});

/** Returns the protocols over which a request is sent. */
export const protocolsOf = (protocol: ProtocolChoice): readonly Protocol[] =>
  protocol === "both" ? ["grpc", "rest"] : [protocol];
/** Returns the gateway for a protocol. */
export const gatewayOf = (protocol: Protocol): string => (protocol === "grpc" ? "gateway" : "gateway-rest");
/** Returns the route of a service. */
export const routeOf = (to: Service): string => (to === "a" ? "/a/hello" : "/b/numbers");
