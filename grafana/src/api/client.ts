const TIMEOUT_MS = 30_000;

/** The user. Without one, requests are anonymous. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface ApiResponse {
  readonly status: number;
  /** The parsed body if it is JSON, otherwise the text. */
  readonly body: unknown;
}

/** Grafana's HTTP API (https://grafana.com/docs/grafana/latest/developers/http_api/), as one user sees it. */
export interface GrafanaClient {
  readonly url: string;
  /**
   * Sends a request and returns the response, whatever its status. Redirects are not followed, because Grafana
   * redirects users who have no access.
   */
  readonly send: (method: string, path: string, body?: unknown) => Promise<ApiResponse>;
  /** Returns the body of a GET request, parsed if it is JSON. Throws Grafana's response if the status is not 2xx. */
  readonly get: <T>(path: string) => Promise<T>;
}

/** Creates a client for the Grafana at this address. */
export function grafanaClient(url: string, as?: Credentials): GrafanaClient {
  const base = url.replace(/\/+$/, "");
  const authorization = as && `Basic ${Buffer.from(`${as.user}:${as.password}`).toString("base64")}`;

  async function send(method: string, path: string, body?: unknown): Promise<ApiResponse> {
    const response = await fetch(base + path, {
      method,
      redirect: "manual",
      headers: {
        accept: "application/json",
        ...(authorization && { authorization }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: parsed(await response.text()) };
  }

  async function get<T>(path: string): Promise<T> {
    const { status, body } = await send("GET", path);
    if (status < 200 || status > 299) throw new Error(`GET ${path} responded with ${status}: ${short(body)}`);
    return body as T;
  }

  return { url: base, send, get };
}

/** Shortens a body for an error message. */
export const short = (body: unknown): string =>
  (typeof body === "string" ? body : JSON.stringify(body)).slice(0, 400);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
