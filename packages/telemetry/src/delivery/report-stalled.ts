import type { TlsFiles } from "./post.ts";
import type { SendResult } from "./queue.ts";

const REPORT_AFTER_MS = 5000;

/** The likely mistake in the settings, by the side that refused the certificate of the other. */
export interface CertificateHints {
  /** The receiver refused the certificate of this client, or got none. */
  receiver: string;
  /** This client refused the certificate of the receiver. */
  client: string;
}

export interface StalledDeliveryOptions {
  /** The name of the items in messages, in the plural: "spans". */
  items: string;
  /** The likely mistake in the settings, if they show one. */
  hint?: string | undefined;
  /** The hints for errors about certificates. */
  certificates?: CertificateHints | undefined;
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
  { items, hint, certificates, report, stallMs = REPORT_AFTER_MS }: StalledDeliveryOptions,
): (payload: T, attempt: number) => Promise<SendResult> {
  let timer: NodeJS.Timeout | undefined;
  let reported = false;
  let lastError = "no response yet";

  function reportOutage(): void {
    reported = true;
    const side = refusingSide(lastError);
    const likely = (side && certificates?.[side]) ?? hint;
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

/** Returns which side refused the certificate of the other; undefined for other errors. */
function refusingSide(error: string): keyof CertificateHints | undefined {
  // An alert of TLS is a message of the other side. There are alerts with other reasons, such as the protocol.
  if (/\balert .*(certificate|unknown ca|access denied)/i.test(error)) return "receiver";
  return /certificate/i.test(error) ? "client" : undefined;
}

/**
 * Returns the hints for a receiver. `variable` names the file with the CAs; the names of the client's files are the same
 * with `CLIENT_CERTIFICATE` and `CLIENT_KEY` at the end.
 */
export function certificateHints(variable: string, { ca, cert }: TlsFiles = {}): CertificateHints {
  const own = (name: string) => variable.replace(/CERTIFICATE$/, name);
  return {
    receiver: cert
      ? `the receiver refuses the certificate in ${cert.variable}=${cert.path}`
      : `the receiver requires a certificate: set ${own("CLIENT_CERTIFICATE")} and ${own("CLIENT_KEY")}`,
    client: ca
      ? `accepted are certificates of the CAs in ${ca.variable}=${ca.path}`
      : `accepted are certificates of public CAs; for others set ${variable}`,
  };
}
