import type { Outcome } from "../delivery/queue.ts";

const ATTEMPT_MS = 10_000;

/** A sender of push bodies to Loki at `url`. 4xx but 408 and 429 is for good; 5xx and silence are not. Never throws. */
export function lokiSender(url: string, request: typeof fetch): (body: string) => Promise<Outcome> {
  const push = new URL("loki/api/v1/push", url.endsWith("/") ? url : `${url}/`);
  return async (body) => {
    try {
      const answer = await request(push, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      const text = await answer.text(); // also frees the connection
      if (answer.ok) return { accepted: true };
      const reason = `${answer.status} ${text.trim().slice(0, 200)}`;
      const passing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
      return passing ? { retry: true, reason } : { refuse: true, reason };
    } catch (error) {
      return { retry: true, reason: String(error) };
    }
  };
}
