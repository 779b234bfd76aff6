import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { Call, Upstream } from "@lgtm-lab/kit";
import type { ByteCounters } from "./shared-connection.ts";

/** One request of `fetch`, which has a connection for itself as long as it lasts: what that carries is the request's. */
class MeteredFetch {
  readonly #upstream: Upstream = { protocol: "rest", ms: 0, sent: 0, received: 0 };
  readonly #startedAt = performance.now();
  #socket: ByteCounters | undefined;
  #read = 0;
  #written = 0;

  constructor(call: Call) {
    call.upstream = this.#upstream;
  }

  begin(socket: ByteCounters): void {
    this.#socket = socket;
    this.#read = socket.bytesRead;
    this.#written = socket.bytesWritten;
  }

  /** The whole answer is here: what the connection carries from now on is somebody else's. */
  end(): void {
    this.#upstream.ms = performance.now() - this.#startedAt;
    if (!this.#socket) return;
    this.#upstream.sent = this.#socket.bytesWritten - this.#written;
    this.#upstream.received = this.#socket.bytesRead - this.#read;
    this.#socket = undefined;
  }
}

const current = new AsyncLocalStorage<MeteredFetch>();
const meters = new WeakMap<object, MeteredFetch>();

interface Message {
  readonly request: object;
  readonly socket: ByteCounters;
}

subscribe("undici:request:create", (message) => {
  const meter = current.getStore();
  if (meter) meters.set((message as Message).request, meter);
});
subscribe("undici:client:sendHeaders", (message) => {
  const { request, socket } = message as Message;
  meters.get(request)?.begin(socket);
});
subscribe("undici:request:trailers", (message) => meters.get((message as Message).request)?.end());

/** Runs what makes one request with `fetch` on behalf of a call; its cost is in `call.upstream` once the body was read. */
export const metered = <T>(call: Call, ask: () => Promise<T>): Promise<T> =>
  current.run(new MeteredFetch(call), ask);
