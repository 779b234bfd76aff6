import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { TestContext } from "node:test";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { freePort } from "../../../packages/telemetry/test/collector.ts";

/** A key pair of an issuer, and its public key as a JWKS has it. */
export interface TestKey {
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
  readonly alg: string;
  readonly kid: string;
}

/** Makes a key pair. */
export async function makeKey(alg: string, kid: string): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" }, privateKey, alg, kid };
}

/** A server of a JWKS, whose keys and behaviour a test can change. */
export interface TestIssuer {
  readonly url: string;
  keys: JWK[];
  /** Responds in place of the JWKS. */
  respond: RequestListener | undefined;
  /** The number of requests for the JWKS. */
  requests: number;
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

/** Starts an issuer on a free port; it stops when the test ends. */
export async function startIssuer(t: TestContext, ...keys: readonly TestKey[]): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    issuer.requests += 1;
    if (issuer.respond) return issuer.respond(request, response);
    if (request.url !== "/.well-known/jwks.json") return response.writeHead(404).end();
    response.setHeader("content-type", "application/jwk-set+json");
    return response.end(JSON.stringify({ keys: issuer.keys }));
  });
  const port = await freePort();
  const listen = async () => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen();
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${port}`,
    keys: keys.map(({ jwk }) => jwk),
    respond: undefined,
    requests: 0,
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
    restart: listen,
  };
  t.after(() => issuer.stop());
  return issuer;
}

/** The subject of the tokens. It must not appear anywhere. */
export const SUBJECT = "subject-of-the-token";

const now = () => Math.floor(Date.now() / 1000);

/** Returns the claims of a token that a gateway with this issuer accepts; a claim that is undefined is left out. */
export const claimsOf = (issuer: string, changes: JWTPayload = {}): JWTPayload => ({
  iss: issuer,
  aud: "lgtm-lab",
  sub: SUBJECT,
  scope: "hello numbers",
  exp: now() + 600,
  ...changes,
});

/** A time in seconds from now, as a claim. */
export const inSeconds = (seconds: number): number => now() + seconds;

/** Signs claims. */
export const sign = (claims: JWTPayload, { alg, kid, privateKey }: TestKey, header = {}): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);

/** Returns a token with any header and claims, and this signature. */
export const unsigned = (header: unknown, claims: unknown, signature = ""): string =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".") +
  `.${signature}`;
