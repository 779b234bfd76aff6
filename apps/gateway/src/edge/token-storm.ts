import { randomBytes } from "node:crypto";
import type { FaultSettings } from "@lgtm-lab/faults";
import { withoutTracing } from "@lgtm-lab/telemetry";
import type { Env } from "../env.ts";
import type { Route } from "../routing/table.ts";

const TIMEOUT_MS = 2_000;
/** Further requests are left out, so that a gateway that does not respond has a bounded number of them. */
const MAX_IN_FLIGHT = 50;

const encoded = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString("base64url");

/** Tokens that no gateway accepts. Each is refused for another reason (docs/authentication.md). */
const TOKENS: readonly (() => string)[] = [
  () => "not-a-token",
  () => `${encoded({ alg: "none" })}.${encoded({ sub: "token-storm" })}.`,
  () =>
    `${encoded({ alg: "ES256", kid: "token-storm" })}.${encoded({ sub: "token-storm" })}.${randomBytes(64).toString("base64url")}`,
];

/**
 * Sends requests with invalid tokens to a route of this gateway that requires one, at a constant rate, as clients do: over
 * its own port. Returns the function that ends it.
 */
export function startTokenStorm(
  { HOST, PORT, serverTls }: Pick<Env, "HOST" | "PORT" | "serverTls">,
  routes: readonly Pick<Route, "path" | "scope" | "methods">[],
  { per_second }: FaultSettings<"storm">,
): () => void {
  const host = HOST === "0.0.0.0" || HOST === "::" ? "127.0.0.1" : HOST;
  const origin = `${serverTls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${PORT}`;
  const path =
    routes.find(({ scope, methods }) => scope !== undefined && methods.includes("GET"))?.path ?? "/";
  // It calls itself, so it need not check its own certificate.
  const agent = serverTls
    ? import("undici").then(({ Agent }) => new Agent({ connect: { rejectUnauthorized: false } }))
    : undefined;
  const stop = new AbortController();
  let [sent, inFlight] = [0, 0];
  const send = async () => {
    if (inFlight >= MAX_IN_FLIGHT) return;
    inFlight += 1;
    sent += 1;
    const token = TOKENS[sent % TOKENS.length]?.();
    try {
      const response = await fetch(origin + path, {
        ...(agent && { dispatcher: (await agent) as unknown as NonNullable<RequestInit["dispatcher"]> }),
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
    } catch {
      // What the gateway does with the request is visible in its telemetry.
    } finally {
      inFlight -= 1;
    }
  };
  // Each request begins its own trace, which begins at the gateway.
  const timer = setInterval(() => void withoutTracing(send), 1000 / per_second).unref();
  return () => {
    clearInterval(timer);
    stop.abort();
    void agent?.then((each) => each.destroy());
  };
}
