import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";

/** A file, and the variable that names it. */
export interface NamedFile {
  variable: string;
  path: string;
}

/** Files in PEM for https: the CA certificates (they replace the system's), and the client's certificate with its key. */
export interface TlsFiles {
  ca?: NamedFile | undefined;
  cert?: NamedFile | undefined;
  key?: NamedFile | undefined;
}

export interface PostOptions {
  headers: Record<string, string>;
  /** The maximum duration of one request with its response, in milliseconds. */
  timeoutMs: number;
  tls?: TlsFiles | undefined;
}

export interface PostResponse {
  status: number;
  contentType: string;
  body: Buffer;
  /** The time of the response by the receiver's clock, in milliseconds since the epoch. */
  date: number | undefined;
}

/**
 * Returns a function that posts bodies to `url` over one keep-alive connection. The function rejects if the complete
 * response does not arrive in time. It uses `node:http`, because `fetch` parses HTTP in WebAssembly, whose compiler
 * temporarily needs 25 MB and frees only a third of that. With https, it reads the files again after each failure,
 * because they may have been replaced.
 */
export function poster(url: URL, options: PostOptions): (body: string | Buffer) => Promise<PostResponse> {
  const secure = url.protocol === "https:";
  // An import of node:http would also load its WebSocket, and with it all of undici and TLS: 5 MB in the log worker.
  const { request, Agent } = process.getBuiltinModule(secure ? "node:https" : "node:http");
  const { headers, timeoutMs, tls } = options;
  const newAgent = () => new Agent({ keepAlive: true, maxSockets: 1, ...(secure && tls && contentOf(tls)) });
  let agent: ReturnType<typeof newAgent> | undefined;
  return (body) =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const noResponse = (error: Error) => {
        if (secure) agent = undefined;
        reject(signal.aborted ? new Error(`no response within ${timeoutMs} ms`) : error);
      };
      try {
        agent ??= newAgent();
        request(url, { method: "POST", agent, headers, signal })
          .once("error", noResponse)
          .once("response", (response) => {
            const { statusCode: status = 0, headers } = response;
            const date = Date.parse(headers.date ?? "") || undefined;
            const contentType = headers["content-type"] ?? "";
            // Reading the response also frees the connection.
            buffer(response).then((body) => resolve({ status, contentType, body, date }), noResponse);
          })
          .end(body);
      } catch (error) {
        // Certificate files that cannot be used, for example because they are only partly written.
        noResponse(error as Error);
      }
    });
}

/** Throws an error that names the variable if a file cannot be read. */
function contentOf({ ca, cert, key }: TlsFiles) {
  const read = (file: NamedFile | undefined) => {
    try {
      return file && readFileSync(file.path);
    } catch (error) {
      throw new Error(`${file?.variable}: ${(error as Error).message}`);
    }
  };
  return { ca: read(ca), cert: read(cert), key: read(key) };
}

/** Returns the reason why a receiver did not accept the body, for messages. */
export function reasonOf({ status, contentType, body }: PostResponse): string {
  // The first 200 characters of a web page contain no useful text.
  const text = isHtml(contentType) ? "an HTML page" : body.toString("utf8", 0, 200).trim();
  return text === "" ? String(status) : `${status} ${text}`;
}

/** Returns whether a response is an HTML page, such as a login page or the page of a web application. */
export const isHtml = (contentType: string): boolean => /^text\/html/i.test(contentType);
