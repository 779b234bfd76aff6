import { isPage, poster, reasonOf } from "../delivery/post.ts";
import type { Outcome } from "../delivery/queue.ts";

const ATTEMPT_MS = 10_000;

/**
 * A sender of push bodies to Loki at `url`. 4xx but 408 and 429 is for good, so is a redirection; 5xx and silence are not.
 * `onAnswer` learns the time by Loki's clock. Never throws.
 */
export function lokiSender(
  url: string,
  onAnswer: (date: number | undefined) => void = () => {},
): (body: Buffer) => Promise<Outcome> {
  const post = poster(new URL("loki/api/v1/push", url.endsWith("/") ? url : `${url}/`), {
    headers: { "content-type": "application/json" },
    timeoutMs: ATTEMPT_MS,
  });
  return async (body) => {
    try {
      const answer = await post(body);
      onAnswer(answer.date);
      const { status, type } = answer;
      const reason = reasonOf(answer);
      const ok = status >= 200 && status < 300;
      if (ok && isPage(type)) return { retry: true, reason: `${reason}, which is not Loki's answer` };
      if (ok) return { accepted: true };
      const passing = status >= 500 || status === 429 || status === 408;
      return passing ? { retry: true, reason } : { refuse: true, reason };
    } catch (error) {
      return { retry: true, reason: String(error) };
    }
  };
}
