import type { Way } from "./requests.ts";

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

/** Open-loop traffic: a request every 1/rate seconds on absolute time, independent of earlier ones. */
export class Traffic {
  readonly #base: (way: Way) => string;
  readonly #ways: readonly Way[];
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  readonly sent: Sent[] = [];

  /** Starts at once, with `rate` requests per second over the given paths in turn. */
  constructor(options: { rate: number; ways: readonly Way[]; base: (way: Way) => string }) {
    this.#base = options.base;
    this.#ways = options.ways;
    const start = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      for (; due < ((performance.now() - start) / 1000) * options.rate; due += 1) this.#send(due);
    }, 5);
  }

  /** Stops, waits for all responses, and returns them. */
  async stop(): Promise<Sent[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return this.sent;
  }

  #send(index: number): void {
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
  }
}
