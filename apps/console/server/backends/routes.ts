import type { Hono } from "hono";
import { onlyMethods } from "../guard/methods.ts";
import type { Backend } from "./backends.ts";
import { probing } from "./probe.ts";

/** `GET /api/backends`: each backend, whether it is up, and otherwise what is wrong and how it comes back. */
export function backendRoutes(app: Hono, backends: readonly Backend[]): void {
  const states = probing(backends);
  app.get("/api/backends", async function listBackends(c) {
    return c.json(await states());
  });
  onlyMethods(app, "/api/backends", "GET, HEAD");
}
