import { DEFAULT_AUDIENCE, rootCause } from "@lgtm-lab/contracts";
import { Problem, problemResponse, type RequestCheck } from "@lgtm-lab/service-runtime";
import {
  addSpanEvent,
  Counter,
  Gauge,
  logger,
  registry,
  setSpanAttribute,
  withoutTracing,
} from "@lgtm-lab/telemetry";
import { auditLogger } from "@lgtm-lab/telemetry/audit";
import type { Context } from "hono";
import {
  createLocalJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { addressOf } from "../client-identity.ts";
import type { Env } from "../env.ts";
import type { Route } from "../routing/table.ts";

/** The settings of docs/authentication.md. */
export type AuthSettings = Pick<
  Env,
  "AUTH_ISSUER" | "AUTH_AUDIENCE" | "AUTH_JWKS_URL" | "AUTH_JWKS_MAX_AGE_S" | "AUTH_SKEW_S"
>;

/** Signatures with a private key only: with HS256, everyone who can check a token could also make one. */
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

/** The types of access tokens. Many issuers write `JWT`, or none. */
const TYPES: readonly (string | undefined)[] = [undefined, "jwt", "at+jwt", "application/at+jwt"];

/** Longest token in characters. The tokens of common issuers have 500 to 2,000. */
const MAX_TOKEN = 8_192;

/** A JWT. The signature is empty with the algorithm `none`, which is rejected by its name. */
const CREDENTIALS = /^bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i;

/** The results of the check of a request, and the reason for the log. None contains a part of the token. */
const REASONS = {
  accepted: "the token is valid",
  missing: "the request has no bearer token",
  malformed: "the header is not one bearer token in the form of a JWT, or the token is too long",
  unsupported: `the signature is not one of ${ALGORITHMS.join(", ")}, the token is of another type (typ), is bound to a key of its client (cnf), or requires an unknown extension`,
  unknown_key: "no usable key of the JWKS matches the token",
  bad_signature: "the signature is not valid for the token and the key",
  wrong_issuer: "the issuer (iss) is not AUTH_ISSUER",
  wrong_audience: "the audience (aud) does not contain AUTH_AUDIENCE",
  expired: "the token has expired (exp)",
  not_yet_valid: "the token is not valid yet (nbf)",
  invalid_claim: "a claim is missing (iss, aud, exp) or has the wrong type",
  insufficient_scope: "the token is valid, but does not have the scope of the route",
  keys_unavailable: "the JWKS cannot be obtained, so no token can be checked",
} as const;
type Outcome = keyof typeof REASONS;
const OUTCOMES = Object.keys(REASONS) as Outcome[];

const checks = new Counter({
  name: "gateway_auth_total",
  help: "Requests whose access token was checked, by the result.",
  labelNames: ["http_route", "outcome"] as const,
  registers: [registry],
});
const fetches = new Counter({
  name: "gateway_auth_jwks_fetches_total",
  help: "Requests for the JWKS, the keys with which access tokens are checked.",
  labelNames: ["outcome"] as const,
  registers: [registry],
});
const jwksUp = new Gauge({
  name: "gateway_auth_jwks_up",
  help: "1 if the last request for the JWKS succeeded, 0 otherwise.",
  registers: [registry],
});

/** A route, and the scope that an access token must have; without it, no token is required. */
type CheckedRoute = Pick<Route, "path" | "scope">;

/** Writes what was decided about a request to the audit log. */
export function audit(
  c: Context,
  { path: route, scope }: CheckedRoute,
  outcome: Outcome | "not_required" | "rate_limited",
  subject?: string,
): void {
  auditLogger.info({ subject, client: addressOf(c), method: c.req.method, route, scope, outcome }, "access");
}

/** Returns a function that creates the check of the access tokens of a route. */
export function tokenCheck(settings: AuthSettings): (route: CheckedRoute) => RequestCheck {
  const verifier = new TokenVerifier(settings);
  return (route) =>
    route.scope === undefined
      ? (c) => void audit(c, route, "not_required")
      : requireToken(verifier, route, route.scope);
}

/** Refuses requests without a valid token that has the scope of the route. */
function requireToken(verifier: TokenVerifier, route: CheckedRoute, scope: string): RequestCheck {
  const { path } = route;
  for (const outcome of OUTCOMES) checks.inc({ http_route: path, outcome }, 0);
  return async function requireToken(c) {
    const { outcome, subject, cause } = await checkRequest(c, verifier, scope);
    checks.inc({ http_route: path, outcome });
    setSpanAttribute("lab.auth", outcome);
    audit(c, route, outcome, subject);
    if (outcome === "accepted") return undefined;
    const reason = REASONS[outcome];
    addSpanEvent("auth.refused", { outcome, reason, scope });
    logger.warn({ route: path, outcome, reason, scope }, "access refused");
    return refuse(outcome, scope, cause);
  };
}

async function checkRequest(c: Context, verifier: TokenVerifier, scope: string): Promise<CheckResult> {
  // Two headers are joined with a comma, which no token contains.
  const header = c.req.header("authorization") ?? "";
  if (!/^bearer(?: |$)/i.test(header)) return { outcome: "missing" };
  const [, token] = CREDENTIALS.exec(header) ?? [];
  if (token === undefined || token.length > MAX_TOKEN) return { outcome: "malformed" };
  return await verifier.check(token, scope);
}

/** The result of a check. */
interface CheckResult {
  readonly outcome: Outcome;
  /** Who the token is for, if its signature is valid. It is for the audit log only. */
  readonly subject?: string | undefined;
  /** Why the JWKS cannot be obtained. It says nothing about the token. */
  readonly cause?: unknown;
}

/** Longest subject in the audit log, in UTF-16 code units. */
const MAX_SUBJECT = 256;

const subjectOf = ({ sub }: JWTPayload): string | undefined =>
  typeof sub === "string" ? sub.slice(0, MAX_SUBJECT) : undefined;

/** Returns the scopes of a token: words of `scope` (RFC 9068), and of `scp`, which some issuers use. */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<unknown> {
  const list = (claim: unknown): unknown[] => {
    if (typeof claim === "string") return claim.split(" ");
    return Array.isArray(claim) ? claim : [];
  };
  return new Set([...list(scope), ...list(scp)]);
}

const CHALLENGE = 'Bearer realm="lgtm-lab"';

/** Returns the response to a request that is not accepted (RFC 6750, section 3). The log has the exact reason. */
function refuse(outcome: Exclude<Outcome, "accepted">, scope: string, cause: unknown): Response {
  switch (outcome) {
    case "keys_unavailable":
      // Thrown, so that the log line of the failed request has the cause.
      throw new Problem(
        "keys-unavailable",
        "The access token cannot be checked now, because the keys of its issuer cannot be obtained. Try again later.",
        { cause },
      );
    case "missing":
      return problemResponse(
        new Problem(
          "token-required",
          "This route requires an access token (Authorization: Bearer). See docs/authentication.md.",
        ),
        { "www-authenticate": `${CHALLENGE}, scope="${scope}"` },
      );
    case "insufficient_scope":
      return problemResponse(
        new Problem("insufficient-scope", `This route requires an access token with the scope "${scope}".`),
        { "www-authenticate": `${CHALLENGE}, error="insufficient_scope", scope="${scope}"` },
      );
    default: {
      const detail = "The access token is not valid, or has expired. Obtain a new one from its issuer.";
      return problemResponse(new Problem("invalid-token", detail), {
        "www-authenticate": `${CHALLENGE}, error="invalid_token", error_description="${detail}"`,
      });
    }
  }
}

/** Checks tokens. No result is cached, so none outlives its token or key. */
export class TokenVerifier {
  readonly #keys: KeySet;
  readonly #options: JWTVerifyOptions;

  constructor({ AUTH_ISSUER: issuer = "", ...settings }: AuthSettings) {
    const url = settings.AUTH_JWKS_URL ?? `${issuer.replace(/\/$/, "")}/.well-known/jwks.json`;
    this.#keys = new KeySet(url, settings.AUTH_JWKS_MAX_AGE_S * 1000);
    this.#options = {
      issuer,
      audience: settings.AUTH_AUDIENCE ?? DEFAULT_AUDIENCE,
      algorithms: ALGORITHMS,
      clockTolerance: settings.AUTH_SKEW_S,
      requiredClaims: ["exp"],
    };
  }

  /** Returns the result for a token at a route that requires a scope. Never rejects. */
  async check(token: string, scope: string): Promise<CheckResult> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keys.find, this.#options);
      // The issuer also signs other tokens (RFC 9068, section 4), and the client of a bound token must prove that it has
      // the key (RFC 9449, RFC 8705), which is not checked here.
      if (!TYPES.includes(protectedHeader.typ?.toLowerCase()) || payload.cnf !== undefined)
        return { outcome: "unsupported" };
      const outcome = scopesOf(payload).has(scope) ? "accepted" : "insufficient_scope";
      return { outcome, subject: subjectOf(payload) };
    } catch (error) {
      if (error instanceof KeysUnavailable) return { outcome: "keys_unavailable", cause: error };
      // These errors contain the claims, so they must not be logged. jose checks the signature before the claims.
      const isSigned = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
      return { outcome: outcomeOf(error), subject: isSigned ? subjectOf(error.payload) : undefined };
    }
  }

  /** Ends the requests for the JWKS. */
  close(): void {
    this.#keys.close();
  }
}

function outcomeOf(error: unknown): Exclude<Outcome, "accepted"> {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason !== "check_failed") return "invalid_claim";
    return FAILED_CLAIMS[error.claim] ?? "invalid_claim";
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return "unsupported";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad_signature";
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return "malformed";
  // No key matches, several do, or the key that matches cannot be used, for example because it is too short.
  return "unknown_key";
}

const FAILED_CLAIMS: Readonly<Record<string, Exclude<Outcome, "accepted">>> = {
  iss: "wrong_issuer",
  aud: "wrong_audience",
  nbf: "not_yet_valid",
};

/** The JWKS cannot be obtained. */
class KeysUnavailable extends Error {
  override name = "KeysUnavailable";
}

/** How long a request waits for the JWKS, in milliseconds. It is less than the deadline of the shortest call. */
const FETCH_TIMEOUT_MS = 1_000;
/** Time without a further request for the JWKS: after an unknown key, and after a failure. */
const UNKNOWN_KEY_PAUSE_MS = 2_000;
const FAILURE_PAUSE_MS = 500;
/** Time until the JWKS is requested again in the background after a failure. */
const RETRY_MS = 5_000;
const MAX_JWKS_BYTES = 256 * 1024;

/**
 * The public keys of an issuer. They are requested at the start, again when half of their maximum age has passed, and
 * when a token names an unknown key. Keys that are older than the maximum age are not used. This is not jose's
 * `createRemoteJWKSet`, which does not limit the size of the response, requests keys only when a token needs them, and
 * does not wait between two failed requests.
 */
class KeySet {
  readonly #url: string;
  readonly #maxAgeMs: number;
  #keys: JWTVerifyGetKey | undefined;
  // Times of performance.now(), which no change of the clock affects.
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #pending: Promise<JWTVerifyGetKey> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: string, maxAgeMs: number) {
    this.#url = url;
    this.#maxAgeMs = maxAgeMs;
    for (const outcome of ["ok", "failed"]) fetches.inc({ outcome }, 0);
    void this.#keepFresh();
  }

  /** Finds the key that signed a token. At most one request is sent for it, which takes at most {@link FETCH_TIMEOUT_MS}. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const isFresh = age(this.#fetchedAt) < this.#maxAgeMs;
    const keys = (isFresh && this.#keys) || (await this.#fetch());
    try {
      return await keys(header, token);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      const attemptedAt = Math.max(this.#fetchedAt, this.#failedAt);
      if (!isUnknown || age(attemptedAt) < UNKNOWN_KEY_PAUSE_MS) throw error;
      // While the JWKS cannot be obtained, the key stays unknown. Otherwise clients could choose a 503.
      const renewed = await this.#fetch().catch(() => {
        throw error;
      });
      return renewed(header, token);
    }
  };

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #keepFresh(): Promise<void> {
    const isOk = await this.#fetch().then(
      () => true,
      () => false,
    );
    if (this.#closed) return;
    const waitMs = isOk ? this.#maxAgeMs / 2 : Math.min(RETRY_MS, this.#maxAgeMs / 2);
    this.#timer = setTimeout(() => void this.#keepFresh(), waitMs).unref();
  }

  /** Requests the keys. Calls during a request share it, and calls soon after a failure fail at once. */
  async #fetch(): Promise<JWTVerifyGetKey> {
    if (age(this.#failedAt) < FAILURE_PAUSE_MS) throw unavailable(this.#failure);
    this.#pending ??= this.#request().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #request(): Promise<JWTVerifyGetKey> {
    const hadFailed = this.#failure !== undefined;
    try {
      const keys = createLocalJWKSet(JSON.parse(await withoutTracing(() => fetchText(this.#url))));
      this.#keys = keys;
      this.#fetchedAt = performance.now();
      this.#failure = undefined;
      this.#failedAt = Number.NEGATIVE_INFINITY;
      fetches.inc({ outcome: "ok" });
      jwksUp.set(1);
      if (hadFailed) logger.info({ url: withoutQuery(this.#url) }, "JWKS obtained");
      return keys;
    } catch (error) {
      this.#failure = error;
      this.#failedAt = performance.now();
      fetches.inc({ outcome: "failed" });
      jwksUp.set(0);
      if (!hadFailed) logger.warn({ url: withoutQuery(this.#url), err: error }, "JWKS cannot be obtained");
      throw unavailable(error);
    }
  }
}

const age = (time: number): number => performance.now() - time;

/** A query can contain a secret. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

const unavailable = (cause: unknown) =>
  new KeysUnavailable(`the JWKS cannot be obtained: ${rootCause(cause).message}`, { cause });

/** Gets a text of limited size. Throws unless the status is 200. */
async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, {
    // The keys must come from the address in the settings.
    redirect: "error",
    headers: { accept: "application/jwk-set+json, application/json" },
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the response has the status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_JWKS_BYTES) throw new Error(`the response has more than ${MAX_JWKS_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
