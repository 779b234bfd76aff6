import { type Call, Problem } from "@lgtm-lab/service-runtime";
import { failureOf, fixOf, type Upstream } from "../upstreams/upstreams.ts";

/** Maximum size of a response. A page could not show more. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
const MAX_MESSAGE_LENGTH = 2000;

/**
 * All request headers. The client's headers are not forwarded. Compression is off because backends are usually local.
 */
const HEADERS = { accept: "application/json", "accept-encoding": "identity" };

/**
 * Requests JSON from a backend and returns it unchanged. Does not follow redirects. Throws a `Problem` for any other
 * response: with the backend's message if it rejects the query, or with a fix if it is down.
 */
export async function requestJson(
  backend: Upstream,
  pathAndQuery: string,
  call: Pick<Call, "signal">,
  maxBytes = MAX_RESPONSE_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  let responded = false;
  try {
    const response = await fetch(backend.address + pathAndQuery, {
      headers: HEADERS,
      redirect: "manual",
      signal: call.signal,
    });
    responded = true;
    const body = await readBounded(response, backend.title, maxBytes);
    if (!response.ok) throw problemOfResponse(backend, response.status, Buffer.from(body).toString());
    if (isJson(response)) return body;
    throw new Problem("backend-broken", `${backend.title} returned a response that is not JSON.`);
  } catch (error) {
    throw failureOf(error, backend, call, { responded });
  }
}

const isJson = (response: Response): boolean =>
  /^application\/json\s*(;|$)/i.test(response.headers.get("content-type") ?? "");

/** Reads a complete body. Throws a `Problem` as soon as the size exceeds `maxBytes`. */
async function readBounded(
  response: Response,
  title: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () =>
    new Problem(
      "backend-broken",
      `The response of ${title} is too large: more than ${maxBytes / 1024 / 1024} MiB. Request less: a shorter time range, fewer series, a limit.`,
    );
  if (Number(response.headers.get("content-length")) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(); // leaving the loop cancels the body
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function problemOfResponse(backend: Upstream, status: number, body: string): Problem {
  const message = messageIn(body);
  const detail = `${backend.title} responded with ${status}${message ? `: ${message}` : "."}`;
  if (status === 404) return new Problem("not-found", detail);
  if (status === 504 || (status === 503 && /time(d)? ?out/i.test(message)))
    return new Problem("backend-too-slow", detail);
  if (status === 503) return new Problem("backend-down", `${detail} ${fixOf(backend)}`);
  if (status >= 400 && status < 500) return new Problem("query-refused", detail);
  return new Problem("backend-broken", detail);
}

/** Extracts the message from an error response. Prometheus and Alertmanager send JSON, Loki and Tempo send text. */
function messageIn(body: string): string {
  let message: unknown = body;
  try {
    const parsed = JSON.parse(body);
    message = typeof parsed === "string" ? parsed : (parsed?.error ?? parsed?.message ?? "");
  } catch {
    // Not JSON: the body is the message.
  }
  return String(message).trim().slice(0, MAX_MESSAGE_LENGTH);
}
