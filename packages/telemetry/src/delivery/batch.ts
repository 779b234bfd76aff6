import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

/**
 * Bodies are joined up to this size: large enough to compress well, small enough to limit the loss if a request fails.
 */
const JOINED_BYTES = 64 * 1024;

/** Extra bytes in the buffer for a body, so that zlib does not allocate a second one. */
const SPARE_BYTES = 64;

/** Joins several request bodies into one, in order. */
export type Join = (bodies: readonly Buffer[]) => Buffer;

/** Joins JSON bodies that consist of one list: `{"streams":[` … `]}`. */
export function joinJson(start: string, end: string): Join {
  return (bodies) => {
    const parts = bodies.map((body) => body.subarray(start.length, -end.length));
    const separated = parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(","), part]));
    return Buffer.concat([Buffer.from(start), ...separated, Buffer.from(end)]);
  };
}

/** Serialized items that wait to be sent in one request. */
export class Batch {
  items: number;
  /** The memory that the batch uses, in bytes. */
  bytes: number;
  readonly #join: Join;
  #bodies: Buffer[];
  #closed = false;
  #deflated = false;
  #size = 0;

  constructor(body: Buffer, items: number, join: Join) {
    this.items = items;
    this.bytes = body.length;
    this.#join = join;
    this.#bodies = [body];
  }

  /** Appends a body, if there is room. */
  add(body: Buffer, items: number): boolean {
    if (this.#closed || this.bytes + body.length > JOINED_BYTES) return false;
    this.#bodies.push(body);
    this.items += items;
    this.bytes += body.length;
    return true;
  }

  /** Compresses the batch and closes it for more bodies. OTLP and Loki's JSON both shrink to about an eighth. */
  pack(): void {
    if (this.#closed) return;
    const body = this.body();
    const deflated = deflateRawSync(body, { level: constants.Z_BEST_SPEED });
    this.#closed = true;
    this.#size = body.length;
    this.#deflated = deflated.length < body.length;
    // zlib returns a view of a larger buffer; the copy lets that buffer be collected.
    const stored = this.#deflated ? exactly(deflated) : body;
    this.#bodies = [stored];
    this.bytes = stored.length;
  }

  /** Whether the batch is compressed. */
  get packed(): boolean {
    return this.#deflated;
  }

  /**
   * Frees the memory that {@link body} allocated. The body must not be used after this. V8 would free it only after
   * 64 MB of such memory, which is too late in a small container.
   */
  release(body: Buffer): void {
    const { buffer } = body;
    // A small body is a slice of Node's pool, which other buffers share.
    const isSeparate = buffer instanceof ArrayBuffer && buffer.byteLength === this.#size + SPARE_BYTES;
    if (this.#deflated && isSeparate) buffer.transfer(0);
  }

  /** The body to send. */
  body(): Buffer {
    const [first = Buffer.alloc(0), ...more] = this.#bodies;
    if (this.#deflated) return inflateRawSync(first, { chunkSize: this.#size + SPARE_BYTES });
    return more.length === 0 ? first : this.#join(this.#bodies);
  }
}

function exactly(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
