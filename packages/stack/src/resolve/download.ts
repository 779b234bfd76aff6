import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Progress } from "../report/events.ts";

const STALL_MS = 20_000;
const STEP_PERCENT = 5;
/** Share of the download; unpacking follows. */
const DOWNLOADED = 0.95;
const MEGABYTE = 1_000_000;

/**
 * Downloads to a file, telling how far it is.
 * @throws Error when the answer is not 200, or nothing arrives for 20 s.
 */
export async function download(
  url: string,
  file: string,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error(`${url} sent nothing for ${STALL_MS / 1000} s`)),
    STALL_MS,
  );
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, stalled.signal]) });
    if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
    const total = Number(response.headers.get("content-length"));
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      let bytes = 0;
      let told = 0;
      for await (const chunk of chunks) {
        timer.refresh();
        bytes += chunk.length;
        const percent = total ? Math.floor((bytes / total) * 100) : 0;
        if (percent >= told + STEP_PERCENT || told === 0) {
          told = Math.max(percent, 1);
          progress(`downloading ${percent} % of ${(total / MEGABYTE).toFixed(0)} MB`, {
            kind: "download",
            done: Math.min(percent / 100, DOWNLOADED),
          });
        }
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(file));
  } finally {
    clearTimeout(timer);
  }
}
