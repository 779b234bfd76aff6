import { openLoop } from "../../../apps/traffic/src/open-loop.ts";
import type { Way } from "./requests.ts";

const UNLIMITED = { maxInFlight: Number.POSITIVE_INFINITY, skipped() {} };

/** The result of one request of a {@link Traffic}. */
export interface Sent {
  way: Way;
  /** Milliseconds since the epoch. */
  at: number;
  /** 0 when the connection failed. */
  status: number;
  traceId: string;
  body: string;
}

/** Requests at a constant rate, until it is stopped. */
export class Traffic {
  readonly #base: (way: Way) => string;
  readonly #ways: readonly Way[];
  readonly #stop = new AbortController();
  readonly #open = new Set<Promise<void>>();
  readonly sent: Sent[] = [];

  /** Starts at once, with `rate` requests per second over the given paths in turn. */
  constructor(options: { rate: number; ways: readonly Way[]; base: (way: Way) => string }) {
    this.#base = options.base;
    this.#ways = options.ways;
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
    const way = this.#ways[index % this.#ways.length] as Way;
    const at = Date.now();
    const done = (status: number, traceId: string, body: string) => {
      this.sent.push({ way, at, status, traceId, body });
    };
    const request = fetch(this.#base(way) + way.path, { signal: AbortSignal.timeout(20_000) })
      .then(async (answer) =>
        done(answer.status, answer.headers.get("x-trace-id") ?? "", await answer.text()),
      )
      .catch((error: Error) => done(0, "", String(error.cause ?? error)))
      .finally(() => this.#open.delete(request));
    this.#open.add(request);
    return request;
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
