import { type Call, Problem } from "@lgtm-lab/service-runtime";
import { type Backend, wayBack } from "../backends/backends.ts";
import { failureOf } from "../backends/failure.ts";
import { readBounded } from "./read-bounded.ts";

const MAX_MESSAGE = 2000;

/** What is sent: nothing of the client's own headers, and no compression on the way through this machine. */
const HEADERS = { accept: "application/json", "accept-encoding": "identity" };

/**
 * Asks a backend for JSON, and gives it as it came. Follows no redirect. Throws a `Problem` for everything else: the
 * backend's own words where it refuses a query, and where it is down what brings it back.
 */
export async function askBackend(
  backend: Backend,
  pathAndQuery: string,
  call: Pick<Call, "signal">,
  maxBytes?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let answered = false;
  try {
    const answer = await fetch(backend.address + pathAndQuery, {
      headers: HEADERS,
      redirect: "manual",
      signal: call.signal,
    });
    answered = true;
    const body = await readBounded(answer, backend.title, maxBytes);
    if (!answer.ok) throw refusal(backend, answer.status, Buffer.from(body).toString());
    if (isJson(answer)) return body;
    throw new Problem("backend-broken", `${backend.title} answered with something that is not JSON.`);
  } catch (error) {
    throw failureOf(error, backend, call, answered);
  }
}

const isJson = (answer: Response): boolean =>
  /^application\/json\s*(;|$)/i.test(answer.headers.get("content-type") ?? "");

function refusal(backend: Backend, status: number, body: string): Problem {
  const said = messageIn(body);
  const told = `${backend.title} answered ${status}${said ? `: ${said}` : "."}`;
  if (status === 404) return new Problem("not-found", told);
  if (status === 504 || (status === 503 && /time(d)? ?out/i.test(said)))
    return new Problem("backend-too-slow", told);
  if (status === 503) return new Problem("backend-down", `${told} ${wayBack(backend)}`);
  if (status >= 400 && status < 500) return new Problem("query-refused", told);
  return new Problem("backend-broken", told);
}

/** The sentence in an error's body: Prometheus and Alertmanager write JSON, Loki and Tempo text. */
function messageIn(body: string): string {
  let text: unknown = body;
  try {
    const parsed = JSON.parse(body);
    text = typeof parsed === "string" ? parsed : (parsed?.error ?? parsed?.message ?? "");
  } catch {
    // It is text.
  }
  return String(text).trim().slice(0, MAX_MESSAGE);
}
