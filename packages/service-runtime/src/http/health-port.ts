import { portVariable } from "@lgtm-lab/contracts";
import { Hono } from "hono";
import type { Drainable } from "../lifecycle.ts";
import { Problem, problemResponse } from "../problem.ts";
import { startHttpServer } from "./server.ts";

/** The variable of the health port, for a service's schema. With 0 there is none. */
export const healthPortVariables = { HEALTH_PORT: portVariable(0) };

/**
 * Answers `/healthz` and `/readyz` of an app at a loopback port without TLS. For health checks in containers, whose images
 * contain no small program that can use TLS.
 */
export async function startHealthPort(app: Hono, port: number): Promise<Drainable[]> {
  if (port === 0) return [];
  const health = new Hono();
  for (const path of ["/healthz", "/readyz"]) health.get(path, (c) => app.fetch(c.req.raw, c.env));
  health.notFound((c) =>
    problemResponse(new Problem("not-found", `The health port does not answer "${c.req.path}".`)),
  );
  return [await startHttpServer(health, "127.0.0.1", port)];
}
