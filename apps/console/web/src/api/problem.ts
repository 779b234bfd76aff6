/** RFC 9457, with what the lab adds. */
export interface ProblemDocument {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly trace_id?: string;
  readonly [more: string]: unknown;
}

/** What an answer that is not 2xx says, in a sentence: of a problem document, of Prometheus's errors, or of a text. */
export function messageOf(
  status: number,
  contentType: string,
  text: string,
): { readonly message: string; readonly problem?: ProblemDocument } {
  const bare = shortened(text.trim());
  if (!/json/i.test(contentType)) {
    const readable = /^text\/plain/i.test(contentType) && bare !== "";
    return { message: readable ? bare : `The server answered ${status}.` };
  }
  try {
    const problem = JSON.parse(text) as ProblemDocument & { readonly error?: unknown };
    const said = [problem.detail, problem.error, problem.title].find((one) => typeof one === "string" && one);
    return { message: shortened(String(said ?? `The server answered ${status}.`)), problem };
  } catch {
    return { message: bare || `The server answered ${status}.` };
  }
}

const LONGEST = 600;
const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
