import { LabError, SCOPES } from "@lgtm-lab/contracts";
import { get, Problem } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { Env } from "../env.ts";

/** Returns the access token for a request of the console to a gateway, if the gateways require one. */
export type GetAccessToken = () => Promise<string | undefined>;

/** Creates the function that issues the console's access tokens. It loads the lab's issuer only if one is needed. */
export function accessTokenSource({ AUTH_ISSUER: issuer, LAB_STATE }: Env): GetAccessToken {
  let source: Promise<() => Promise<string>> | undefined;
  return async () => {
    if (!issuer) return undefined;
    source ??= import("@lgtm-lab/issuer").then(({ tokenSource }) =>
      tokenSource(LAB_STATE, { issuer, subject: "console", scopes: SCOPES }),
    );
    return await (await source)().catch(throwAsProblem);
  };
}

/** Adds `GET /.well-known/jwks.json`: the public keys of the lab's issuer (docs/authentication.md). */
export function keyRoutes(app: Hono, { LAB_STATE }: Env): void {
  get(app, "/.well-known/jwks.json", async (c) => {
    const { publicKeys } = await import("@lgtm-lab/issuer");
    try {
      return c.json(publicKeys(LAB_STATE), 200, { "content-type": "application/jwk-set+json" });
    } catch (error) {
      return throwAsProblem(error);
    }
  });
}

function throwAsProblem(error: unknown): never {
  if (error instanceof LabError) throw new Problem("keys-unavailable", error.message, { cause: error });
  throw error;
}
