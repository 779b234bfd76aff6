import type { Upstream } from "@lgtm-lab/kit";

/** What a socket has carried, both ways. */
export interface ByteCounters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/**
 * Shares the bytes of one HTTP/2 connection out among its calls: those written count for the call that was begun last,
 * those read for the call to which something arrives next. Exact as long as no two calls write or read in the same
 * instant; and every byte counts for exactly one call, so that sums are right even then. What the connection carries
 * between calls (its own settings, pings) counts for none.
 */
export class SharedConnection {
  #socket: ByteCounters | undefined;
  #read = 0;
  #written = 0;
  #open = 0;
  /** The open call that was begun last, and the one that was heard of last. */
  #begun: Upstream | undefined;
  #heard: Upstream | undefined;

  /** From here on this socket carries the calls. */
  use(socket: ByteCounters): void {
    if (socket === this.#socket) return;
    this.#socket = socket;
    this.#mark();
  }

  /** A call begins: to be called before it is written. */
  begin(protocol: string): Upstream {
    if (this.#open === 0) this.#mark();
    else this.#share();
    const upstream = { protocol, ms: 0, sent: 0, received: 0 };
    this.#open += 1;
    this.#begun = upstream;
    this.#heard = upstream;
    return upstream;
  }

  /** A message of a call's answer is here. Costs nothing while the call is alone. */
  heard(upstream: Upstream): void {
    this.#heard = upstream;
    if (this.#open > 1) this.#share();
  }

  /** A call is over, in whichever way. */
  end(upstream: Upstream): void {
    this.#heard = upstream;
    this.#share();
    this.#open -= 1;
    if (this.#begun === upstream) this.#begun = undefined;
    this.#heard = this.#begun;
  }

  #share(): void {
    const [read, written] = [this.#read, this.#written];
    this.#mark();
    if (this.#heard) this.#heard.received += this.#read - read;
    const writer = this.#begun ?? this.#heard;
    if (writer) writer.sent += this.#written - written;
  }

  #mark(): void {
    if (!this.#socket) return;
    try {
      this.#read = this.#socket.bytesRead;
      this.#written = this.#socket.bytesWritten;
    } catch {
      // Node throws for the socket of a session that is over; its last calls have failed, and the next has another one.
      this.#socket = undefined;
    }
  }
}
