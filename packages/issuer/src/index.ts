/**
 * `@lgtm-lab/issuer`: the lab's own issuer of access tokens, for demos and tests. Its key pairs are in a file of the
 * state folder. Anyone who can read this file can make tokens, so only its owner can read it.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DEFAULT_AUDIENCE, LabError, messageOf, type Scope } from "@lgtm-lab/contracts";
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import writeFileAtomic from "write-file-atomic";

const ALGORITHM = "ES256";
const [OWNER_ONLY, OWNER_ONLY_FOLDER] = [0o600, 0o700];

/** The longest lifetime of a token: two hours. A load test needs one for an hour. */
export const MAX_TOKEN_MS = 2 * 3_600_000;
/** A gateway may accept a token for this long after its end (AUTH_SKEW_S). */
const MAX_SKEW_MS = 300_000;

interface StoredKey {
  /** The private key, with its name. */
  readonly jwk: JWK & { readonly kid: string };
  /** When the last of its tokens has expired, after it was replaced; milliseconds since the epoch. */
  readonly retiresAt?: number;
}

const keyFile = (stateFolder: string) => join(stateFolder, "auth", "keys.json");

/** Returns the keys, the one that signs first; an empty list if there are none yet. Throws a LabError. */
function readKeys(stateFolder: string): readonly StoredKey[] {
  const file = keyFile(stateFolder);
  try {
    const { keys } = JSON.parse(readFileSync(file, "utf8")) as { keys?: StoredKey[] };
    if (!Array.isArray(keys) || !keys.every((key) => typeof key?.jwk?.kid === "string"))
      throw new SyntaxError("no list of keys");
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    const why = error instanceof SyntaxError ? "it has no list of keys in JSON" : messageOf(error);
    throw new LabError(
      `The keys for access tokens in ${file} cannot be read: ${why}.\n  fix: delete the file; earlier tokens are then invalid`,
    );
  }
}

const contentOf = (keys: readonly StoredKey[]) => `${JSON.stringify({ keys }, undefined, 2)}\n`;

async function makeKey(): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { jwk: { ...jwk, kid: randomUUID(), alg: ALGORITHM, use: "sig" } };
}

/** Creates the first key pair, if there is none. Several processes may do this at once; one of their keys is used. */
export async function ensureKeys(stateFolder: string): Promise<void> {
  if (readKeys(stateFolder).length > 0) return;
  const file = keyFile(stateFolder);
  mkdirSync(dirname(file), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const complete = `${file}.${randomUUID()}`;
  writeFileSync(complete, contentOf([await makeKey()]), { mode: OWNER_ONLY, flag: "wx" });
  try {
    linkSync(complete, file); // unlike rename, it does not replace a file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(complete);
  }
}

/**
 * Adds a key pair, which signs all new tokens. The others are published until their last token has expired; then they are
 * deleted. Returns the time of the deletion, in milliseconds since the epoch.
 */
export async function rotateKeys(stateFolder: string, now = Date.now()): Promise<number> {
  await ensureKeys(stateFolder);
  const retiresAt = now + MAX_TOKEN_MS + MAX_SKEW_MS;
  const kept = current(readKeys(stateFolder), now).map((key) => ({ retiresAt, ...key }));
  await writeFileAtomic(keyFile(stateFolder), contentOf([await makeKey(), ...kept]), { mode: OWNER_ONLY });
  return retiresAt;
}

const current = (keys: readonly StoredKey[], now: number) =>
  keys.filter(({ retiresAt = Number.POSITIVE_INFINITY }) => retiresAt > now);

/** Returns the public keys as a JWKS (RFC 7517), without keys whose tokens have all expired. */
export function publicKeys(stateFolder: string, now = Date.now()): { readonly keys: readonly JWK[] } {
  const keys = current(readKeys(stateFolder), now).map(({ jwk: { kty, crv, x, y, kid, alg, use } }) => ({
    ...{ kty, crv, x, y, kid, alg, use }, // each by name, so that a private part cannot be among them
  }));
  return { keys: keys as JWK[] };
}

/** What a token says. */
export interface TokenOptions {
  readonly issuer: string;
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** At most {@link MAX_TOKEN_MS}. */
  readonly lifetimeMs: number;
}

/** Returns a signed access token (RFC 9068). Creates the keys on first use. Throws a LabError. */
export async function issueToken(
  stateFolder: string,
  { issuer, subject, scopes, lifetimeMs }: TokenOptions,
): Promise<string> {
  if (lifetimeMs > MAX_TOKEN_MS) throw new LabError("A token is valid for at most two hours.");
  await ensureKeys(stateFolder);
  const [key] = readKeys(stateFolder);
  if (!key)
    throw new LabError(
      `The file ${keyFile(stateFolder)} contains no key.\n  fix: delete the file; earlier tokens are then invalid`,
    );
  const issuedAt = Math.floor(Date.now() / 1000);
  return await new SignJWT({ scope: scopes.join(" ") })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.jwk.kid, typ: "at+jwt" })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(DEFAULT_AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.max(1, Math.floor(lifetimeMs / 1000)))
    .setJti(randomUUID())
    .sign(await importJWK(key.jwk, ALGORITHM));
}

const CACHED_TOKEN_MS = 10 * 60_000;

/** Returns a function that returns a cached token; it is renewed at half of its lifetime. */
export function tokenSource(
  stateFolder: string,
  options: Omit<TokenOptions, "lifetimeMs">,
): () => Promise<string> {
  let token: Promise<string> | undefined;
  let issuedAt = 0;
  return () => {
    if (!token || Date.now() - issuedAt > CACHED_TOKEN_MS / 2) {
      const next = issueToken(stateFolder, { ...options, lifetimeMs: CACHED_TOKEN_MS });
      next.catch(() => {
        if (token === next) token = undefined; // the next call tries again
      });
      token = next;
      issuedAt = Date.now();
    }
    return token;
  };
}
