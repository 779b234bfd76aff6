import { openLoop } from "../../../apps/traffic/src/open-loop.ts";
import type { GatewayRequest } from "./requests.ts";

const UNLIMITED = { maxInFlight: Number.POSITIVE_INFINITY, skipped() {} };

/** The result of one request of a {@link Traffic}. */
export interface Sent {
  request: GatewayRequest;
  /** When it was sent, in milliseconds since the epoch. */
  at: number;
  /** When the response was complete, in milliseconds since the epoch. */
  endedAt: number;
  /** 0 when the connection failed. */
  status: number;
  traceId: string;
  body: string;
}

/** Requests at a constant rate, until it is stopped. */
export class Traffic {
  readonly #base: (request: GatewayRequest) => string;
  readonly #requests: readonly GatewayRequest[];
  readonly #stop = new AbortController();
  readonly #open = new Set<Promise<void>>();
  readonly sent: Sent[] = [];

  /** Starts at once, with `rate` requests per second over the given paths in turn. */
  constructor(options: {
    rate: number;
    requests: readonly GatewayRequest[];
    base: (request: GatewayRequest) => string;
  }) {
    this.#base = options.base;
    this.#requests = options.requests;
    void openLoop({
      ...UNLIMITED,
      perSecond: options.rate,
      send: (index) => this.#send(index),
      signal: this.#stop.signal,
    });
  }

  /** Stops, waits for all responses, and returns them. */
  async stop(): Promise<Sent[]> {
    this.#stop.abort();
    await Promise.all(this.#open);
    return this.sent;
  }

  #send(index: number): Promise<void> {
    const request = this.#requests[index % this.#requests.length] as GatewayRequest;
    const at = Date.now();
    const done = (status: number, traceId: string, body: string) => {
      this.sent.push({ request, at, endedAt: Date.now(), status, traceId, body });
    };
    const sent = fetch(this.#base(request) + request.path, { signal: AbortSignal.timeout(20_000) })
      .then(async (response) =>
        done(response.status, response.headers.get("x-trace-id") ?? "", await response.text()),
      )
      .catch((error: Error) => done(0, "", String(error.cause ?? error)))
      .finally(() => this.#open.delete(sent));
    this.#open.add(sent);
    return sent;
  }
}

/**
 * Calls `work` `count` times at a constant rate, and waits for all calls. `work` must not reject. Node's timers allow at
 * most about 900 calls a second.
 */
export async function atConstantRate(
  perSecond: number,
  count: number,
  work: () => Promise<void>,
): Promise<void> {
  if (count < 1) return;
  const stop = new AbortController();
  const calls: Promise<void>[] = [];
  const send = (index: number) => {
    if (index >= count - 1) stop.abort();
    const call = work();
    calls.push(call);
    return call;
  };
  await openLoop({ ...UNLIMITED, perSecond, send, signal: stop.signal });
  await Promise.all(calls);
}
