import { subscribe } from "node:diagnostics_channel";
import type { ClientHttp2Stream } from "node:http2";
import type { UpstreamCost } from "@lgtm-lab/service-runtime";

/** The byte counters of a socket. */
export interface ByteCounters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/**
 * Distributes the bytes of one HTTP/2 connection over its calls. Written bytes count for the call that started last,
 * read bytes for the call that receives the next message. This is exact unless two calls write or receive at the same
 * instant. Every byte counts for one call only, so sums are always exact. Settings and pings between calls count for
 * none.
 */
export class SharedConnection {
  #socket: ByteCounters | undefined;
  #read = 0;
  #written = 0;
  #openCalls = 0;
  /** The open call that started last, and the call that received the last message. */
  #lastStarted: UpstreamCost | undefined;
  #lastReceived: UpstreamCost | undefined;

  /** Sets the socket of the connection. */
  use(socket: ByteCounters): void {
    if (socket === this.#socket) return;
    this.#socket = socket;
    this.#remember();
  }

  /** Starts a call. Call it before the request is written. */
  begin(protocol: string): UpstreamCost {
    if (this.#openCalls === 0) this.#remember();
    else this.#assign();
    const cost = { protocol, ms: 0, sent: 0, received: 0 };
    this.#openCalls += 1;
    this.#lastStarted = cost;
    this.#lastReceived = cost;
    return cost;
  }

  /** Records that a message of a call has arrived. */
  onMessage(cost: UpstreamCost): void {
    this.#lastReceived = cost;
    if (this.#openCalls > 1) this.#assign();
  }

  /** Records that a call has ended, successfully or not. */
  end(cost: UpstreamCost): void {
    this.#lastReceived = cost;
    this.#assign();
    this.#openCalls -= 1;
    if (this.#lastStarted === cost) this.#lastStarted = undefined;
    this.#lastReceived = this.#lastStarted;
  }

  #assign(): void {
    const [read, written] = [this.#read, this.#written];
    this.#remember();
    if (this.#lastReceived) this.#lastReceived.received += this.#read - read;
    const writer = this.#lastStarted ?? this.#lastReceived;
    if (writer) writer.sent += this.#written - written;
  }

  #remember(): void {
    if (!this.#socket) return;
    try {
      this.#read = this.#socket.bytesRead;
      this.#written = this.#socket.bytesWritten;
    } catch {
      // Node throws for the socket of a closed session. Its calls have failed, and the next call has a new socket.
      this.#socket = undefined;
    }
  }
}

/** The message of the diagnostics channel of Node. */
interface Message {
  readonly stream: ClientHttp2Stream;
  readonly headers: Readonly<Record<string, unknown>>;
}

const connections = new Map<string, SharedConnection>();

// grpc-js does not expose its sockets, but Node publishes each HTTP/2 request that it creates.
subscribe("http2.client.stream.created", (message) => {
  const { stream, headers } = message as Message;
  const connection = connections.get(String(headers[":authority"]));
  const socket = connection && stream.session?.socket;
  if (socket) connection.use(socket);
});

/**
 * Returns the connection for the gRPC calls to `host:port`. It follows the current socket until `release` is called.
 */
export function connectionTo(authority: string): { connection: SharedConnection; release: () => void } {
  const connection = new SharedConnection();
  connections.set(authority, connection);
  return {
    connection,
    release: () => {
      if (connections.get(authority) === connection) connections.delete(authority);
    },
  };
}
