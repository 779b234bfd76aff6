import type { ProblemDocument } from "@lgtm-lab/contracts";

/** Query parameters. Undefined values are omitted, and arrays become repeated parameters. */
export type Params = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A failed request. Its message is written for users. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** The HTTP status, or 0 if the console's server cannot be reached. */
  readonly status: number;
  readonly problem: Partial<ProblemDocument> | undefined;

  constructor(message: string, status: number, problem?: Partial<ProblemDocument>, cause?: unknown) {
    super(message, { cause });
    this.status = status;
    this.problem = problem;
  }
}

/** Fetches JSON. Throws an `HttpError` if the response is not 2xx, and the signal's reason if it is aborted. */
export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return json<T>(await request(withParams(path, params), { ...(signal && { signal }) }));
}

/** Sends a POST request with the console token. Throws like `get`. */
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal) =>
  write<T>("POST", path, body, signal);
/** Sends a PUT request with the console token. Throws like `get`. */
export const put = <T>(path: string, body?: unknown, signal?: AbortSignal) =>
  write<T>("PUT", path, body, signal);
/** Sends a DELETE request with the console token. Throws like `get`. */
export const del = <T>(path: string, signal?: AbortSignal) => write<T>("DELETE", path, undefined, signal);

/** Sends a request with the console token. Returns the response, for streams and headers. Throws like `get`. */
export async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("x-lab-token", await consoleToken());
  try {
    return await request(path, { ...init, method, headers });
  } catch (error) {
    // The server may have been restarted, with a new token. The next write fetches it.
    if (error instanceof HttpError && error.status === 403) token = undefined;
    throw error;
  }
}

/** Appends parameters to a path: `path?a=1&b=2`. */
function withParams(path: string, params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) search.append(name, String(one));
  return search.size > 0 ? `${path}?${search}` : path;
}

async function write<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, {
    ...(signal && { signal }),
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  return response.status === 204 ? (undefined as T) : json<T>(response);
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    const message = "The console's server does not respond. Is the lab still running? (npm start)";
    throw new HttpError(message, 0, undefined, cause);
  }
  if (response.ok) return response;
  const text = await response.text();
  const { message, problem } = parseErrorResponse(
    response.status,
    response.headers.get("content-type") ?? "",
    text,
  );
  throw new HttpError(message, response.status, problem);
}

async function json<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new HttpError(
      "The response is not JSON. Does another program use the console's port?",
      response.status,
      undefined,
      cause,
    );
  }
}

let token: Promise<string> | undefined;

/** Fetches the console token once. */
function consoleToken(): Promise<string> {
  token ??= get<{ token: string }>("/api/config").then((config) => config.token);
  token.catch(() => {
    token = undefined;
  });
  return token;
}

/** Extracts the message of a failed response from a problem document, a Prometheus error, or plain text. */
export function parseErrorResponse(
  status: number,
  contentType: string,
  text: string,
): { readonly message: string; readonly problem?: Partial<ProblemDocument> } {
  const trimmed = shortened(text.trim());
  if (!/json/i.test(contentType)) {
    const readable = /^text\/plain/i.test(contentType) && trimmed !== "";
    return { message: readable ? trimmed : `The server responded with ${status}.` };
  }
  try {
    const problem = JSON.parse(text) as Partial<ProblemDocument> & { readonly error?: unknown };
    const message = [problem.detail, problem.error, problem.title].find(
      (candidate) => typeof candidate === "string" && candidate,
    );
    return { message: shortened(String(message ?? `The server responded with ${status}.`)), problem };
  } catch {
    return { message: trimmed || `The server responded with ${status}.` };
  }
}

const MAX_MESSAGE_LENGTH = 600;
const shortened = (text: string) =>
  text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
