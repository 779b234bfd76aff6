import type { TlsFiles } from "./post.ts";
import type { SendResult } from "./queue.ts";

const REPORT_AFTER_MS = 5000;

export interface StalledDeliveryOptions {
  /** The name of the items in messages, in the plural: "spans". */
  items: string;
  /** The likely mistake in the settings, if they show one. */
  hint?: string | undefined;
  /** Which certificates of the receiver are accepted, for errors about them. */
  trust?: string | undefined;
  report(message: string): void;
  /** The time without a delivery after which it reports, in milliseconds. */
  stallMs?: number;
}

/**
 * Wraps `send`. If nothing is delivered for 5 s although data is waiting, it reports the last error once, and later
 * that delivery works again. Otherwise a wrong address would be noticed only when the process ends.
 */
export function reportStalledDelivery<T>(
  send: (payload: T, attempt: number) => Promise<SendResult>,
  { items, hint, trust, report, stallMs = REPORT_AFTER_MS }: StalledDeliveryOptions,
): (payload: T, attempt: number) => Promise<SendResult> {
  let timer: NodeJS.Timeout | undefined;
  let reported = false;
  let lastError = "no response yet";

  function reportOutage(): void {
    reported = true;
    const likely = /certificate/i.test(lastError) ? (trust ?? hint) : hint;
    const guess = likely ? ` (${likely})` : "";
    report(`no ${items} delivered for ${stallMs / 1000} s; last error: ${lastError}${guess}`);
  }

  function delivered(): void {
    clearTimeout(timer);
    timer = undefined;
    lastError = "no response yet";
    if (reported) report(`${items} are delivered now`);
    reported = false;
  }

  return async function sendAndReport(payload, attempt) {
    timer ??= setTimeout(reportOutage, stallMs).unref();
    const outcome = await send(payload, attempt);
    if ("accepted" in outcome) delivered();
    else lastError = plain(outcome.reason);
    return outcome;
  };
}

/** Removes the texts that Node and grpc-js add to a reason. */
const plain = (reason: string): string =>
  reason
    .replace(/\.? Resolution note: *$/, "")
    .replace(/^Error: /, "")
    .trim();

/** Returns which certificates of a receiver are accepted. `variable` names the file with the CAs. */
export const trustOf = (variable: string, { ca }: TlsFiles = {}): string =>
  ca
    ? `accepted are certificates of the CAs in ${ca.variable}=${ca.path}`
    : `accepted are certificates of public CAs; for others set ${variable}`;
