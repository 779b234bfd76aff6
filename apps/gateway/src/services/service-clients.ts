import type { HelloParams, NumbersParams } from "@lgtm-lab/contracts";
import type { Call, Dependencies, NumbersSource } from "@lgtm-lab/service-runtime";

/** Access to one address of a service. */
export interface UpstreamClient {
  /** Returns whether the service is ready, after at most {@link PROBE_MS}. Never rejects. */
  probe(): Promise<boolean>;
  /** Closes the connections when the running calls are done. */
  close(): void;
}

/** Access to one address of service A. */
export interface GreetingClient extends UpstreamClient {
  /** Requests a greeting. Throws a `Problem` on failure. */
  greet(params: HelloParams, call: Call): Promise<string>;
}

/** Access to one address of service B. Both methods throw a `Problem` on failure. */
export interface NumbersClient extends UpstreamClient {
  stream(params: NumbersParams, call: Call): AsyncIterable<number>;
  collect(params: NumbersParams, call: Call): Promise<number[]>;
}

/**
 * An instance. `name` is its address in the settings. Calls go to `address`: the same, or a lossy proxy in front of the
 * instance (link/lossy-proxy.ts).
 */
export interface InstanceAddress {
  readonly name: string;
  readonly address: string;
}

/** The addresses of A and of B. */
export type InstanceAddresses = readonly [a: readonly InstanceAddress[], b: readonly InstanceAddress[]];

/** The clients of a protocol. */
export interface ProtocolClients {
  /** Whether a text is an address for these clients. */
  isAddress(text: string): boolean;
  greeting(address: string): GreetingClient;
  numbers(address: string): NumbersClient;
}

/**
 * The gateway's access to A and B, over either protocol. `greet`, `stream` and `collect` throw a `Problem` on failure.
 */
export interface ServiceClients extends NumbersSource {
  /** Requests a greeting from service A. */
  greet(params: HelloParams, call: Call): Promise<string>;
  collect(params: NumbersParams, call: Call): Promise<number[]>;
  /** Returns whether each service is ready, after at most {@link PROBE_MS}. */
  probe(): Promise<Dependencies>;
  /** Closes the connections when the running calls are done. */
  close(): void;
}

/** The time limit of a readiness probe of one service, in milliseconds. */
export const PROBE_MS = 500;

/** Joins the clients of A and B. */
export function joinClients(a: GreetingClient, b: NumbersClient): ServiceClients {
  return {
    greet: a.greet,
    stream: b.stream,
    collect: b.collect,
    async probe() {
      const [upA, upB] = await Promise.all([a.probe(), b.probe()]);
      return { "service-a": upA, "service-b": upB };
    },
    close() {
      for (const client of [a, b]) client.close();
    },
  };
}
