import { parseJson } from "@lgtm-lab/service-runtime";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const UNICODE_ESCAPE = 0x75;
const CUT_MARK = Buffer.from("… [cut]");

/** Size limits for reading a message. */
export interface MessageLimits {
  /** Maximum size of the body. */
  readonly maxBodyBytes: number;
  /** Maximum size of the part that is kept. */
  readonly maxKeptBytes: number;
  /** Maximum size of one string, such as a label or an annotation. Longer ones are truncated. */
  readonly maxTextBytes: number;
}

/** Thrown if the body is too large, or its parts outside the alerts, which cannot be omitted. */
export class MessageTooLargeError extends Error {
  override readonly name = "MessageTooLargeError";
}

/**
 * Reads a webhook message in bounded memory and keeps the part that fits. Truncates long strings, which then end with
 * `… [cut]`, and omits alerts that exceed the limit. Rejecting a large message would make the sender retry forever, and
 * none of its alerts would be stored.
 * @returns the message, not yet validated, and the number of omitted alerts.
 * @throws `InvalidParamsError` if the body is not JSON, {@link MessageTooLargeError} if it is too large.
 */
export async function readMessage(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: MessageLimits,
): Promise<{ message: unknown; leftOut: number }> {
  const fitting = new FittingJson(limits);
  let read = 0;
  for await (const chunk of body) {
    read += chunk.length;
    if (read > limits.maxBodyBytes) throw new MessageTooLargeError();
    for (const byte of chunk) fitting.push(byte);
  }
  return { message: parseJson(fitting.text()), leftOut: fitting.leftOut };
}

/**
 * Copies JSON byte by byte. Parses only the syntax that it needs to truncate strings and to remove an element of a list
 * in the outermost object (`{"alerts": [{…}, {…}]}`).
 */
class FittingJson {
  leftOut = 0;
  readonly #maxTextBytes: number;
  readonly #kept: Buffer;
  #length = 0;
  #overflow = false;

  #depth = 0;
  /** Whether the container at depth 2 is a list. */
  #inList = false;
  #elements = 0;
  #commaDue = false;
  #elementStart = 0;

  #inText = false;
  #textBytes = 0;
  #textCut = false;
  #afterBackslash = false;
  #hexDigitsLeft = 0;

  constructor({ maxKeptBytes, maxTextBytes }: MessageLimits) {
    this.#kept = Buffer.allocUnsafe(maxKeptBytes);
    this.#maxTextBytes = maxTextBytes;
  }

  text(): string {
    return this.#kept.toString("utf8", 0, this.#length);
  }

  push(byte: number): void {
    if (this.#inText) this.#pushText(byte);
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#open(byte);
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#close(byte);
    else if (byte === COMMA && this.#depth === 2 && this.#inList) this.#commaDue = this.#elements > 0;
    else {
      if (byte === QUOTE) this.#beginText();
      if (byte > 0x20) this.#beginElement();
      this.#put(byte);
    }
  }

  #open(byte: number): void {
    this.#beginElement();
    this.#put(byte);
    this.#depth += 1;
    if (this.#depth === 2) {
      this.#inList = byte === OPEN_LIST;
      this.#elements = 0;
      this.#commaDue = false;
    }
  }

  #close(byte: number): void {
    this.#put(byte);
    this.#depth -= 1;
    if (this.#depth !== 2 || !this.#inList || !this.#overflow) return;
    this.#length = this.#elementStart;
    this.#overflow = false;
    this.#elements -= 1;
    this.leftOut += 1;
  }

  /** Called where a value begins. Writes the comma before a list element only now, because elements can be removed. */
  #beginElement(): void {
    if (this.#depth !== 2 || !this.#inList) return;
    this.#elementStart = this.#length;
    if (this.#commaDue) this.#put(COMMA);
    this.#commaDue = false;
    this.#elements += 1;
  }

  #beginText(): void {
    this.#inText = true;
    this.#textBytes = 0;
    this.#textCut = false;
  }

  #pushText(byte: number): void {
    const escaped = this.#afterBackslash || this.#hexDigitsLeft > 0;
    if (byte === QUOTE && !escaped) {
      if (this.#textCut) for (const each of CUT_MARK) this.#put(each);
      this.#put(byte);
      this.#inText = false;
      return;
    }
    // Do not truncate within an escape sequence or a UTF-8 character.
    const betweenCharacters = !escaped && (byte & 0xc0) !== 0x80;
    if (this.#textBytes >= this.#maxTextBytes && betweenCharacters) this.#textCut = true;
    if (!this.#textCut) this.#put(byte);
    this.#textBytes += 1;
    if (this.#afterBackslash) {
      this.#afterBackslash = false;
      if (byte === UNICODE_ESCAPE) this.#hexDigitsLeft = 4;
    } else if (this.#hexDigitsLeft > 0) this.#hexDigitsLeft -= 1;
    else if (byte === BACKSLASH) this.#afterBackslash = true;
  }

  #put(byte: number): void {
    // Reserve a quarter of the buffer for the parts after the alerts (group labels, common annotations, …).
    const inElement = this.#inList && this.#depth >= 3;
    const space = inElement ? this.#kept.length * 0.75 : this.#kept.length;
    if (this.#length < space) {
      this.#kept[this.#length] = byte;
      this.#length += 1;
    } else if (inElement) this.#overflow = true;
    else throw new MessageTooLargeError();
  }
}
