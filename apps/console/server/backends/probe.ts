import { type Backend, wayBack } from "./backends.ts";
import { reasonOf } from "./failure.ts";

const PATIENCE_MS = 500;
const KEPT_MS = 1000;
const SHOWN = 160;

/** One backend as `GET /api/backends` tells it. */
export interface BackendState {
  readonly name: string;
  readonly up: boolean;
  /** What is wrong, in a sentence. */
  readonly problem?: string;
  /** How it comes back. */
  readonly fix?: string;
}

/** Asks all of them at once, at most every second, however many ask us. */
export function probing(backends: readonly Backend[]): () => Promise<BackendState[]> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<BackendState[]> | undefined;
  return () => {
    if (answer === undefined || performance.now() - asked > KEPT_MS) {
      asked = performance.now();
      answer = Promise.all(backends.map(probe));
    }
    return answer;
  };
}

/** Whether a backend says that it is ready, within half a second. Never rejects. */
export async function probe(backend: Backend): Promise<BackendState> {
  const { name, title, address, ready } = backend;
  const down = (problem: string) => ({ name, up: false, problem, fix: wayBack(backend) });
  try {
    const answer = await fetch(address + ready, {
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: "manual",
    });
    if (answer.ok) {
      await answer.body?.cancel();
      return { name, up: true };
    }
    const said = (await answer.text()).trim().slice(0, SHOWN);
    return down(`${title} (${address}) is not ready: ${answer.status} ${said}`);
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError")
      return down(`${title} (${address}) did not answer within ${PATIENCE_MS} ms.`);
    return down(`${title} cannot be reached at ${address} (${reasonOf(error)}).`);
  }
}
