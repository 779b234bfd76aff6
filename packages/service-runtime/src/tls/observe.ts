import type { X509Certificate } from "node:crypto";
import { Counter, Gauge, logger, registry } from "@lgtm-lab/telemetry";

const registers = [registry];

const REASONS = [
  "expired",
  "not_yet_valid",
  "untrusted",
  "wrong_name",
  "missing",
  "protocol",
  "timeout",
  "closed",
  "other",
] as const;
/** Why a TLS handshake failed, or why the certificate of the peer is refused. */
export type HandshakeFailure = (typeof REASONS)[number];

const failures = new Counter({
  name: "tls_handshake_failures_total",
  help: "TLS handshakes that failed and certificates that were refused. The peer is `client`, or the service that was called.",
  labelNames: ["peer", "reason"] as const,
  registers,
});
const notBefore = new Gauge({
  name: "tls_certificate_not_before_timestamp_seconds",
  help: "The start of the validity of the certificate in use, as a Unix time.",
  labelNames: ["certificate"] as const,
  registers,
});
const notAfter = new Gauge({
  name: "tls_certificate_not_after_timestamp_seconds",
  help: "The end of the validity of the certificate in use, as a Unix time.",
  labelNames: ["certificate"] as const,
  registers,
});
const reloads = new Counter({
  name: "tls_certificate_reloads_total",
  help: "Attempts to load changed certificate files.",
  labelNames: ["certificate", "outcome"] as const,
  registers,
});

/**
 * Starts the series of a peer at 0. Otherwise a series would begin with its first event, which `rate()` does not count.
 */
export function initHandshakeFailures(peer: string): void {
  for (const reason of REASONS) failures.inc({ peer, reason }, 0);
}

/** Returns the reason of an error of Node's TLS: the code of OpenSSL's verification, or of Node. */
export function handshakeFailureOf(error: unknown): HandshakeFailure {
  const { code = "", message = "" } = (error ?? {}) as { code?: string; message?: string };
  if (code === "CERT_HAS_EXPIRED") return "expired";
  if (code === "CERT_NOT_YET_VALID") return "not_yet_valid";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "wrong_name";
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT" || code.includes("TIMEOUT")) return "timeout";
  if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") return "missing";
  if (/SELF_SIGNED|^UNABLE_TO_|^CERT_|INVALID_CA|INVALID_PURPOSE|^HOSTNAME/.test(code)) return "untrusted";
  if (code.startsWith("ERR_SSL_") || code === "EPROTO") return "protocol";
  if (code === "ECONNRESET" || code === "EPIPE" || message === "socket hang up") return "closed";
  return "other";
}

/** A line for every failed handshake would let any client fill the log. */
const LINE_MS = 1_000;

/** The failures of a peer and reason since the last line, and when that was. */
interface Unreported {
  count: number;
  at: number;
}
const unreported = new Map<string, Unreported>();

/**
 * Counts a failed handshake or a refused certificate. Logs at most one line a second for each peer and reason, with the
 * number of failures since the last one; `details` says more about the last of them.
 */
export function handshakeFailed(
  peer: string,
  reason: HandshakeFailure,
  details: Readonly<Record<string, unknown>>,
): void {
  failures.inc({ peer, reason });
  const key = `${peer} ${reason}`;
  const state = unreported.get(key) ?? { count: 0, at: Number.NEGATIVE_INFINITY };
  unreported.set(key, state);
  state.count += 1;
  const now = performance.now();
  if (now - state.at < LINE_MS) return;
  const line = { peer, reason, failures: state.count, ...details };
  // Port scans and health checks of load balancers open connections and close them.
  logger[reason === "closed" ? "debug" : "warn"](line, "TLS handshake failed");
  state.count = 0;
  state.at = now;
}

/** Publishes the validity of a certificate in use. Of several (a bundle of CAs), that of the last to expire. */
export function certificateInUse(certificate: string, chain: readonly X509Certificate[]): void {
  const [last] = chain.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime());
  if (!last) return;
  notBefore.set({ certificate }, last.validFromDate.getTime() / 1000);
  notAfter.set({ certificate }, last.validToDate.getTime() / 1000);
}

/** Counts an attempt to load changed files. */
export function certificateReloaded(certificate: string, outcome: "ok" | "failed", by = 1): void {
  reloads.inc({ certificate, outcome }, by);
}
