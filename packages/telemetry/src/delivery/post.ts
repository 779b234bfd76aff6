import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";

export interface PostOptions {
  headers: Record<string, string>;
  /** Most milliseconds for one request and its answer. */
  timeoutMs: number;
  /** For https, instead of the system's certificates. */
  tls?: { ca?: Buffer | undefined; cert?: Buffer | undefined; key?: Buffer | undefined };
}

export interface Answer {
  status: number;
  type: string;
  body: Buffer;
  /** When the receiver answered, by its own clock: milliseconds since the epoch. */
  date: number | undefined;
}

/**
 * Posts bodies to `url`, over one connection that is kept. Rejects without a whole answer in time. By `node:http`: `fetch`
 * parses HTTP in WebAssembly, whose compiler takes 25 MB for a moment and gives a third of them back.
 */
export function poster(url: URL, options: PostOptions): (body: string | Buffer) => Promise<Answer> {
  const secure = url.protocol === "https:";
  const request = secure ? httpsRequest : httpRequest;
  const agent = new (secure ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    maxSockets: 1,
    ...(secure && options.tls),
  });
  const { headers, timeoutMs } = options;
  return (body) =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const unanswered = (error: Error) =>
        reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
      request(url, { method: "POST", agent, headers, signal })
        .once("error", unanswered)
        .once("response", (answer) => {
          const { statusCode: status = 0, headers } = answer;
          const date = Date.parse(headers.date ?? "") || undefined;
          const type = headers["content-type"] ?? "";
          // Reading the answer also frees the connection.
          buffer(answer).then((body) => resolve({ status, type, body, date }), unanswered);
        })
        .end(body);
    });
}

/** An answer that did not accept what was posted, for a message. */
export function reasonOf({ status, type, body }: Answer): string {
  // A web page says nothing in its first 200 characters.
  const said = isPage(type) ? "an HTML page" : body.toString("utf8", 0, 200).trim();
  return said === "" ? String(status) : `${status} ${said}`;
}

/** Whether an answer is meant for people: a login page, or an application that answers every path with its own page. */
export const isPage = (type: string): boolean => /^text\/html/i.test(type);
