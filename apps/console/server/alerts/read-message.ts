import { parseJson } from "@lgtm-lab/service-runtime";

const KIB = 1024;
const MIB = 1024 * KIB;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const LETTER_U = 0x75;
const TRUNCATION_MARK = Buffer.from("… [truncated]");
/** Share of the kept bytes that alerts may use. The rest is reserved for the other parts, which may follow them. */
const MAX_SHARE_OF_ALERTS = 0.75;

/** Size limits for reading a message. */
export interface MessageLimits {
  /** Maximum size of the body. */
  readonly maxBodyBytes: number;
  /** Maximum size of the part that is kept. */
  readonly maxKeptBytes: number;
  /** Maximum size of one string, such as a label or an annotation. Longer ones are truncated. */
  readonly maxStringBytes: number;
}

/** Thrown if the body is too large, or if the parts outside the alerts are too large: they cannot be omitted. */
export class MessageTooLargeError extends Error {
  override readonly name = "MessageTooLargeError";
}

/**
 * Reads a webhook message in bounded memory and keeps the part that fits. Truncates long strings, which then end with
 * `… [truncated]`, and omits alerts that exceed the limit. If the console rejected a large message, it would store no
 * alert of the group, because the next message of the group would be too large as well.
 * @returns the message, not yet validated, and the number of omitted alerts.
 * @throws `InvalidParamsError` if the body is not JSON, {@link MessageTooLargeError} if it is too large.
 */
export async function readMessage(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: MessageLimits,
): Promise<{ message: unknown; omitted: number }> {
  const truncator = new JsonTruncator(limits);
  let read = 0;
  for await (const chunk of body) {
    read += chunk.length;
    if (read > limits.maxBodyBytes)
      throw new MessageTooLargeError(`The message is larger than ${limits.maxBodyBytes / MIB} MiB.`);
    for (const byte of chunk) truncator.push(byte);
  }
  return { message: parseJson(truncator.text()), omitted: truncator.omitted };
}

/**
 * Copies JSON byte by byte. Parses only the syntax that it needs to truncate strings and to remove an element of an
 * array in the outermost object (`{"alerts": [{…}, {…}]}`).
 */
class JsonTruncator {
  omitted = 0;
  readonly #maxStringBytes: number;
  readonly #kept: Buffer;
  #length = 0;
  #overflow = false;

  #depth = 0;
  /** Whether the container at depth 2 is an array. */
  #inArray = false;
  #elements = 0;
  #commaDue = false;
  #elementStart = 0;

  #inString = false;
  #stringBytes = 0;
  #truncated = false;
  #afterBackslash = false;
  #hexDigitsLeft = 0;

  constructor({ maxKeptBytes, maxStringBytes }: MessageLimits) {
    this.#kept = Buffer.allocUnsafe(maxKeptBytes);
    this.#maxStringBytes = maxStringBytes;
  }

  text(): string {
    return this.#kept.toString("utf8", 0, this.#length);
  }

  push(byte: number): void {
    if (this.#inString) this.#pushString(byte);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#open(byte);
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#close(byte);
    else if (byte === COMMA && this.#depth === 2 && this.#inArray) this.#commaDue = this.#elements > 0;
    else {
      if (byte === QUOTE) this.#beginString();
      if (byte > 0x20) this.#beginElement();
      this.#put(byte);
    }
  }

  #open(byte: number): void {
    this.#beginElement();
    this.#put(byte);
    this.#depth += 1;
    if (this.#depth === 2) {
      this.#inArray = byte === OPEN_ARRAY;
      this.#elements = 0;
      this.#commaDue = false;
    }
  }

  #close(byte: number): void {
    this.#put(byte);
    this.#depth -= 1;
    if (this.#depth !== 2 || !this.#inArray || !this.#overflow) return;
    this.#length = this.#elementStart;
    this.#overflow = false;
    this.#elements -= 1;
    this.omitted += 1;
  }

  /**
   * Called before each byte that is not in a string, except brackets that close, commas between elements and
   * whitespace. Writes the comma before an array element together with the element, so that removing the element
   * removes its comma too.
   */
  #beginElement(): void {
    if (this.#depth !== 2 || !this.#inArray) return;
    this.#elementStart = this.#length;
    if (this.#commaDue) this.#put(COMMA);
    this.#commaDue = false;
    this.#elements += 1;
  }

  #beginString(): void {
    this.#inString = true;
    this.#stringBytes = 0;
    this.#truncated = false;
  }

  #pushString(byte: number): void {
    const escaped = this.#afterBackslash || this.#hexDigitsLeft > 0;
    if (byte === QUOTE && !escaped) {
      if (this.#truncated) for (const each of TRUNCATION_MARK) this.#put(each);
      this.#put(byte);
      this.#inString = false;
      return;
    }
    // Do not truncate within an escape sequence or a UTF-8 character.
    const betweenCharacters = !escaped && (byte & 0xc0) !== 0x80;
    if (this.#stringBytes >= this.#maxStringBytes && betweenCharacters) this.#truncated = true;
    if (!this.#truncated) this.#put(byte);
    this.#stringBytes += 1;
    if (this.#afterBackslash) {
      this.#afterBackslash = false;
      if (byte === LETTER_U) this.#hexDigitsLeft = 4;
    } else if (this.#hexDigitsLeft > 0) this.#hexDigitsLeft -= 1;
    else if (byte === BACKSLASH) this.#afterBackslash = true;
  }

  #put(byte: number): void {
    const inElement = this.#inArray && this.#depth >= 3;
    const space = inElement ? this.#kept.length * MAX_SHARE_OF_ALERTS : this.#kept.length;
    if (this.#length < space) {
      this.#kept[this.#length] = byte;
      this.#length += 1;
    } else if (inElement) this.#overflow = true;
    else {
      const reservedBytes = this.#kept.length * (1 - MAX_SHARE_OF_ALERTS);
      throw new MessageTooLargeError(
        `The parts of the message outside its alerts are larger than ${reservedBytes / KIB} KiB.`,
      );
    }
  }
}
