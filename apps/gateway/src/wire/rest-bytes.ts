import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { Call, UpstreamCost } from "@lgtm-lab/service-runtime";
import type { ByteCounters } from "./grpc-bytes.ts";

/**
 * Measures one request of `fetch`. HTTP/1.1 without pipelining: until its end, all bytes on the connection belong to this
 * request.
 */
class RequestMeter {
  readonly #cost: UpstreamCost = { protocol: "rest", ms: 0, sent: 0, received: 0 };
  readonly #startedAt = performance.now();
  #socket: ByteCounters | undefined;
  #read = 0;
  #written = 0;

  constructor(call: Call) {
    call.upstreamCost = this.#cost;
  }

  begin(socket: ByteCounters): void {
    this.#socket = socket;
    this.#read = socket.bytesRead;
    this.#written = socket.bytesWritten;
  }

  /** Ends the measurement when the response is complete. Later bytes on the connection belong to another request. */
  end(): void {
    this.#cost.ms = performance.now() - this.#startedAt;
    if (!this.#socket) return;
    this.#cost.sent = this.#socket.bytesWritten - this.#written;
    this.#cost.received = this.#socket.bytesRead - this.#read;
    this.#socket = undefined;
  }
}

const current = new AsyncLocalStorage<RequestMeter>();
const meters = new WeakMap<object, RequestMeter>();

/** The messages of the diagnostics channels of undici. */
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
// undici publishes this when a response is complete, also if it has no trailers.
subscribe("undici:request:trailers", (message) => meters.get((message as Message).request)?.end());

/**
 * Runs a function that makes one request with `fetch`. When the body has been read, `call.upstreamCost` contains the
 * duration and the bytes of the request.
 */
export const meterRequest = <T>(call: Call, makeRequest: () => Promise<T>): Promise<T> =>
  current.run(new RequestMeter(call), makeRequest);
