import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { InvalidParamsError } from "@lgtm-lab/contracts";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { z } from "zod";
import type { FaultAdminEnv } from "../env.ts";
import { startHttpServer } from "../http/server.ts";
import type { Draining } from "../lifecycle.ts";
import { Problem, problemResponse, toProblem } from "../problem.ts";
import type { Faults } from "./faults.ts";
import { faultRequest } from "./settings.ts";

const LOOPBACK = ["127.0.0.1", "localhost"];

/**
 * The admin API of a service's faults: `GET /faults`, `PUT /faults/<name>` with `{"for_ms":…,"settings":{…}}`,
 * `DELETE /faults/<name>` and `DELETE /faults`. Each answers with all faults, and each needs `Authorization: Bearer`.
 * `names`: by what else than loopback it may be called.
 */
export function faultAdminApp(faults: Faults, token: string, names: readonly string[] = []): Hono {
  const app = new Hono();
  app.use(onlyFor([...LOOPBACK, ...names]), onlyWith(token));
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

/** Opens the admin port where there is a token; without one there is no port at all. Throws when a token file is not there. */
export async function startFaultAdmin(faults: Faults, env: FaultAdminEnv): Promise<Draining[]> {
  const token =
    env.FAULT_ADMIN_TOKEN || (env.FAULT_ADMIN_TOKEN_FILE && readToken(env.FAULT_ADMIN_TOKEN_FILE));
  if (!token) return [];
  const app = faultAdminApp(faults, token, env.FAULT_ADMIN_NAMES);
  return [await startHttpServer(app, env.FAULT_ADMIN_HOST, env.FAULT_ADMIN_PORT)];
}

const readToken = (file: string): string => readFileSync(file, "utf8").trim();

/** A page in a browser can reach us by a name of its own (DNS rebinding): then that name is in `Host`. */
function onlyFor(names: readonly string[]): MiddlewareHandler {
  return async function onlyForNames(c, next) {
    const host = c.req.header("host") ?? "";
    if (names.includes(host.replace(/:\d+$/, ""))) return next();
    throw new Problem("misdirected-request", `The fault admin port answers to ${names[0]} only.`);
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
