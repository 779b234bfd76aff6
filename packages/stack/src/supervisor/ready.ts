import { rootCause } from "@lgtm-lab/contracts";
import pWaitFor, { TimeoutError } from "p-wait-for";
import type { RunningProcess } from "./process.ts";

const POLL_MS = 50;
const ANSWER_MS = 2000;
/** Time that a ready component may wait for its dependencies. */
const DEPENDENCIES_MS = 5000;

export type Outcome =
  | { readonly type: "ready" }
  | { readonly type: "died"; readonly how: string; readonly ranMs: number }
  | { readonly type: "late"; readonly lastAnswer: string };

/**
 * Waits until the URL answers 200, the process dies, or the deadline passes, whichever comes first.
 * @throws the signal's reason if it aborts.
 */
export async function waitUntilReady(
  child: Pick<RunningProcess, "exited">,
  options: {
    url: string | undefined;
    /** Checks the 200 response body: are the component's dependencies up as well? Ignored after five seconds. */
    dependenciesUp?: ((body: string) => boolean) | undefined;
    deadlineMs: number;
    signal: AbortSignal;
  },
): Promise<Outcome> {
  const { url, dependenciesUp = () => true, deadlineMs, signal } = options;
  const over = new AbortController();
  const death = child.exited.then((exit): Outcome => ({ type: "died", ...exit }));
  try {
    if (!url) return { type: "ready" };
    return await Promise.race([
      death,
      answers(url, dependenciesUp, deadlineMs, AbortSignal.any([signal, over.signal])),
    ]);
  } finally {
    over.abort();
  }
}

async function answers(
  url: string,
  dependenciesUp: (body: string) => boolean,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Outcome> {
  let lastAnswer = "no answer";
  let readySince = Number.POSITIVE_INFINITY;
  try {
    await pWaitFor(
      async () => {
        const answer = await probe(url);
        lastAnswer = answer.text;
        if (!answer.ok) return false;
        readySince = Math.min(readySince, Date.now());
        return dependenciesUp(answer.text) || Date.now() - readySince > DEPENDENCIES_MS;
      },
      { interval: POLL_MS, timeout: deadlineMs, signal },
    );
    return { type: "ready" };
  } catch (error) {
    if (error instanceof TimeoutError) return { type: "late", lastAnswer };
    throw error;
  }
}

/** Sends one GET request. `ok` is true for 200 only; the text is the response, or the reason why there was none. */
export async function probe(url: string): Promise<{ ok: boolean; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const body = await response.text();
    return { ok: response.status === 200, text: `${response.status} ${body.trim().slice(0, 200)}` };
  } catch (error) {
    return { ok: false, text: rootCause(error).message };
  }
}
