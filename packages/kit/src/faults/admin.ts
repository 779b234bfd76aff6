import { createHash, timingSafeEqual } from "node:crypto";
import { InvalidParamsError } from "@lgtm-lab/contracts";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { z } from "zod";
import { startHttpServer } from "../http/server.ts";
import type { Draining } from "../lifecycle.ts";
import { Problem, problemResponse, toProblem } from "../problem.ts";
import type { Faults } from "./faults.ts";
import { faultRequest } from "./settings.ts";

/** Nobody else's business, whatever HOST the service itself listens on. */
const LOOPBACK = "127.0.0.1";
const NAMES = new Set([LOOPBACK, "localhost"]);

/**
 * The admin API of a service's faults: `GET /faults`, `PUT /faults/<name>` with `{"for_ms":…,"settings":{…}}`,
 * `DELETE /faults/<name>` and `DELETE /faults`. Each answers with all faults, and each needs `Authorization: Bearer`.
 */
export function faultAdminApp(faults: Faults, token: string): Hono {
  const app = new Hono();
  app.use(onlyLoopback(), onlyWith(token));
  app.get("/faults", (c) => c.json(faults.list()));
  app.put("/faults/:name", async (c) => {
    const { for_ms, settings } = faultRequest.parse(await bodyOf(c));
    await faults.set(nameOf(c, faults), for_ms, settings);
    return c.json(faults.list());
  });
  app.delete("/faults/:name", (c) => {
    faults.clear(nameOf(c, faults));
    return c.json(faults.list());
  });
  app.delete("/faults", (c) => {
    for (const name of faults.names) faults.clear(name);
    return c.json(faults.list());
  });
  app.notFound((c) => problemResponse(new Problem("not-found", `There is no ${c.req.path} here.`)));
  app.onError((error) =>
    problemResponse(toProblem(error instanceof z.ZodError ? invalidParams(error) : error)),
  );
  return app;
}

/** Opens the admin port on loopback, where there is a token; without one there is no port at all. */
export async function startFaultAdmin(
  faults: Faults,
  options: { port: number; token: string | undefined },
): Promise<Draining[]> {
  if (!options.token) return [];
  return [await startHttpServer(faultAdminApp(faults, options.token), LOOPBACK, options.port)];
}

/** A page in a browser can reach loopback by a name of its own (DNS rebinding): then that name is in `Host`. */
function onlyLoopback(): MiddlewareHandler {
  return async function onlyLoopback(c, next) {
    const host = c.req.header("host") ?? "";
    if (NAMES.has(host.replace(/:\d+$/, ""))) return next();
    throw new Problem("misdirected-request", "The fault admin port answers to 127.0.0.1 only.");
  };
}

function onlyWith(token: string): MiddlewareHandler {
  // Digests are of one length, and take the same time to compare wherever they differ.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async function onlyWithToken(c, next) {
    if (timingSafeEqual(digest(c.req.header("authorization") ?? ""), expected)) return next();
    return problemResponse(new Problem("unauthorized", "The fault admin port needs its token."), {
      "www-authenticate": "Bearer",
    });
  };
}

function nameOf(c: Context, faults: Faults): string {
  const name = c.req.param("name") ?? "";
  if (faults.names.includes(name)) return name;
  throw new Problem("not-found", `There is no fault ${name} here, but ${faults.names.join(", ")}.`);
}

async function bodyOf(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new InvalidParamsError([{ field: "body", value: text.slice(0, 100), rule: "must be JSON" }]);
  }
}

const invalidParams = (error: z.ZodError): InvalidParamsError =>
  new InvalidParamsError(
    error.issues.map(({ path, message }) => ({ field: path.join(".") || "body", value: "", rule: message })),
  );
