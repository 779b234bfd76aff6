import pWaitFor from "p-wait-for";
import { messageOf } from "../report/failure.ts";
import type { Examination } from "./examination.ts";

export type Finding =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly cause: string; readonly fix: string };

/** One step of a signal's way, judged by itself: it presumes only that the hops before it are whole. */
export interface Hop {
  readonly name: string;
  readonly check: (exam: Examination) => Promise<Finding>;
}

export interface Verdict {
  readonly signal: string;
  readonly hop: string;
  readonly state: "ok" | "broken" | "not reached";
  /** What was found, or the cause of what is broken. */
  readonly text: string;
  readonly fix: string | null;
  readonly seconds: number;
}

const POLL_MS = 100;

/** Walks a signal's hops in order. After the first broken one nothing can be said: the rest is not reached. */
export async function walk(signal: string, hops: readonly Hop[], exam: Examination): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { name, check } of hops) {
    if (verdicts.at(-1)?.state === "broken" || verdicts.at(-1)?.state === "not reached") {
      verdicts.push({ signal, hop: name, state: "not reached", text: "", fix: null, seconds: 0 });
      continue;
    }
    const began = Date.now();
    const finding = await check(exam).catch(unexpected);
    const seconds = (Date.now() - began) / 1000;
    verdicts.push(
      finding.ok
        ? { signal, hop: name, state: "ok", text: finding.detail, fix: null, seconds }
        : { signal, hop: name, state: "broken", text: finding.cause, fix: finding.fix, seconds },
    );
  }
  return verdicts;
}

function unexpected(error: unknown): Finding {
  return broken(`it could not be examined: ${messageOf(error)}`, "npx lab status tells what runs");
}

export const fine = (detail: string): Finding => ({ ok: true, detail });
export const broken = (cause: string, fix: string): Finding => ({ ok: false, cause, fix });

/** Looks until it is fine, or the time is over: then the last finding stands. */
export async function within(milliseconds: number, look: () => Promise<Finding>): Promise<Finding> {
  let last: Finding = broken("it was never looked at", "");
  await pWaitFor(
    async () => {
      last = await look().catch(unexpected);
      return last.ok;
    },
    { interval: POLL_MS, timeout: { milliseconds, fallback: () => false } },
  );
  return last;
}
