import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { Outcome } from "../delivery/queue.ts";

const ATTEMPT_MS = 10_000;

/**
 * A sender of push bodies to Loki at `url`. 4xx but 408 and 429 is for good, so is a redirection; 5xx and silence are not.
 * Never throws. By `node:http`: `fetch` parses HTTP in WebAssembly, whose compiler takes 25 MB for a moment and gives a
 * third of them back.
 */
export function lokiSender(url: string): (body: Buffer) => Promise<Outcome> {
  const post = poster(new URL("loki/api/v1/push", url.endsWith("/") ? url : `${url}/`));
  return async (body) => {
    try {
      const { status, said } = await post(body);
      if (status >= 200 && status < 300) return { accepted: true };
      const reason = `${status} ${said.trim().slice(0, 200)}`;
      const passing = status >= 500 || status === 429 || status === 408;
      return passing ? { retry: true, reason } : { refuse: true, reason };
    } catch (error) {
      return { retry: true, reason: String(error) };
    }
  };
}

/** Posts JSON to `url`, over one connection that is kept. Rejects without an answer within 10 s. */
function poster(url: URL): (body: Buffer) => Promise<{ status: number; said: string }> {
  const secure = url.protocol === "https:";
  const request = secure ? httpsRequest : httpRequest;
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
  const headers = { "content-type": "application/json" };
  return (body) =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(ATTEMPT_MS);
      request(url, { method: "POST", agent, headers, signal })
        .once("error", reject)
        .once("response", (answer) => {
          // Reading the answer also frees the connection.
          text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, said }), reject);
        })
        .end(body);
    });
}
