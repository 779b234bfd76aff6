import { Problem } from "@lgtm-lab/service-runtime";

/** The largest answer that is passed on; a page could not show as much either. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** A whole body, or a `Problem` as soon as it is known to be larger than that. */
export async function readBounded(
  answer: Response,
  who: string,
  maxBytes = MAX_ANSWER_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (Number(answer.headers.get("content-length")) > maxBytes) {
    await answer.body?.cancel();
    throw tooLarge(who, maxBytes);
  }
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(who, maxBytes); // which ends the loop, and so the body
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const tooLarge = (who: string, maxBytes: number) =>
  new Problem(
    "backend-broken",
    `The answer of ${who} is too large: more than ${maxBytes / 1024 / 1024} MiB. Ask for less: a shorter time range, fewer series, a limit.`,
  );
