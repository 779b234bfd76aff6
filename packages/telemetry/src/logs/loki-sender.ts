import { isHtml, type PostResponse, poster, reasonOf, type TlsFiles } from "../delivery/post.ts";
import type { SendResult } from "../delivery/queue.ts";
import { LokiClock } from "./loki-clock.ts";

const ATTEMPT_MS = 10_000;

/**
 * Returns a function that sends push bodies to Loki at `url`. A redirection or a 4xx except 408 and 429 is a permanent
 * failure; a 5xx or no response is a temporary one. Retries a push that Loki rejects because of its timestamps, once,
 * with corrected timestamps. Never throws.
 */
export function lokiSender(
  url: string,
  { clock = new LokiClock(), tls }: { clock?: LokiClock; tls?: TlsFiles | undefined } = {},
): (body: Buffer) => Promise<SendResult> {
  const post = poster(new URL("loki/api/v1/push", url.endsWith("/") ? url : `${url}/`), {
    headers: { "content-type": "application/json" },
    timeoutMs: ATTEMPT_MS,
    tls,
  });

  async function push(body: string | Buffer): Promise<PostResponse> {
    const response = await post(body);
    clock.recordTime(response.date);
    return response;
  }

  return async (body) => {
    try {
      let response = await push(body);
      const corrected = response.status === 400 ? clock.correctedPush(body.toString()) : undefined;
      if (corrected !== undefined) response = await push(corrected);
      const { status, contentType } = response;
      const reason = reasonOf(response);
      const ok = status >= 200 && status < 300;
      if (ok && isHtml(contentType))
        return { retry: true, reason: `${reason}, which is not a response from Loki` };
      if (ok) return { accepted: true };
      if (status === 400) return partlyRejected(response, body);
      const passing = status >= 500 || status === 429 || status === 408;
      return passing ? { retry: true, reason } : { reject: true, reason };
    } catch (error) {
      return { retry: true, reason: String(error) };
    }
  };
}

/** Loki responds with 400 even for a single invalid line, and stores the others. */
function partlyRejected(response: PostResponse, body: Buffer): SendResult {
  const reason = reasonOf(response);
  const all = linesIn(body.toString());
  const rejected = rejectedLines(response.body.toString().trim(), all);
  return rejected < all ? { accepted: true, rejected, reason } : { reject: true, reason };
}

/**
 * The messages of Loki's distributor about single lines. Its other messages are about a whole stream or push and do not
 * contain the number of lines.
 */
const OF_A_LINE = [
  /^entry for stream '.*' has timestamp too (old|new)/s,
  /^max entry size '/,
  /^stream '.*' has structured metadata too large/s,
  /^stream '.*' has too many structured metadata labels/s,
  /^stream '.*' includes structured metadata, but/s,
];

/**
 * Returns how many of the `all` lines of a push Loki rejected, from the text of its 400 response. Loki stores the other
 * lines. Returns `all` if the text does not contain the number. Source: Loki's distributor.go, util/errors.go and
 * ingester/stream.go.
 */
function rejectedLines(text: string, all: number): number {
  const [, some, ofStream] = /total ignored: (\d+) out of (\d+) for stream: /.exec(text) ?? [];
  // The ingester reports one stream only. Lines of the other streams may be rejected too.
  if (some && ofStream) return atMost(all, all - (Number(ofStream) - Number(some)));
  let rejected = 0;
  for (const part of text.split(/; (?=\d+ errors like: )/)) {
    const [, count = "1", reason = ""] = /^(?:(\d+) errors like: )?(.*)$/s.exec(part) ?? [];
    if (!OF_A_LINE.some((known) => known.test(reason))) return all;
    rejected += Number(count);
  }
  return atMost(all, rejected);
}

const atMost = (most: number, value: number): number => Math.max(0, Math.min(most, value));

/** Returns the number of lines in a push body. */
function linesIn(body: string): number {
  const { streams } = JSON.parse(body) as { streams: { values: unknown[] }[] };
  return streams.reduce((sum, { values }) => sum + values.length, 0);
}
