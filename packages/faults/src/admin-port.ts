import { readFileSync } from "node:fs";
import { hostVariable, listVariable, parseInput, portVariable, unknownName } from "@lgtm-lab/contracts";
import {
  type Drainable,
  Problem,
  problemResponse,
  readJsonBody,
  requireHeader,
  requireHost,
  startHttpServer,
  toProblem,
} from "@lgtm-lab/service-runtime";
import { excludePath } from "@lgtm-lab/telemetry";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import * as v from "valibot";
import type { Faults } from "./faults.ts";
import { faultRequest } from "./settings.ts";

/** Returns the environment variables of the fault admin port, for the service's schema. */
export const faultAdminEnv = (defaultPort: number) => ({
  FAULT_ADMIN_PORT: portVariable(defaultPort),
  /** Loopback even if HOST is another address. In a container it must be an address of the container network. */
  FAULT_ADMIN_HOST: hostVariable,
  /** Allowed host names besides loopback: the service's name in a container network. */
  FAULT_ADMIN_NAMES: listVariable,
  FAULT_ADMIN_TOKEN: v.optional(v.string()),
  /** A file with the token, as an alternative to the variable. */
  FAULT_ADMIN_TOKEN_FILE: v.optional(v.string()),
});

/** The settings of the fault admin port. */
export type FaultAdminEnv = v.InferOutput<v.ObjectSchema<ReturnType<typeof faultAdminEnv>, undefined>>;

/** What a service can report at its fault admin port, by path. It must not contain secrets. */
export type Reports = Readonly<Record<string, () => object>>;

const LOOPBACK = ["127.0.0.1", "localhost"];

/**
 * Creates the admin API of a service's faults: `GET /faults`, `PUT /faults/<name>` with `{"for_ms":…,"settings":{…}}`,
 * `DELETE /faults/<name>` and `DELETE /faults`. Each request needs `Authorization: Bearer`, and each response lists all
 * faults. `hosts` are the allowed host names besides loopback. `reports` are further paths to read, each with the function
 * that returns its JSON.
 */
export function faultAdminApp(
  faults: Faults,
  token: string,
  hosts: readonly string[] = [],
  reports: Reports = {},
): Hono {
  const app = new Hono();
  app.use(requireHost([...LOOPBACK, ...hosts]), requireToken(token));
  app.get("/faults", (c) => c.json(faults.list()));
  app.put("/faults/:name", async (c) => {
    const { for_ms, settings } = parseInput(faultRequest, await readJsonBody(c, { anyType: true }));
    await faults.set(faultName(c, faults), for_ms, settings);
    return c.json(faults.list());
  });
  app.delete("/faults/:name", (c) => {
    faults.clear(faultName(c, faults));
    return c.json(faults.list());
  });
  app.delete("/faults", (c) => {
    for (const name of faults.names) faults.clear(name);
    return c.json(faults.list());
  });
  for (const [path, report] of Object.entries(reports)) app.get(path, (c) => c.json(report()));
  app.notFound((c) => problemResponse(new Problem("not-found", `Unknown path "${c.req.path}".`)));
  app.onError((error) => problemResponse(toProblem(error)));
  return app;
}

/**
 * Opens the admin port if a token is set; without a token there is no port. Throws if the token file does not exist.
 */
export async function startFaultAdmin(
  faults: Faults,
  env: FaultAdminEnv,
  reports: Reports = {},
): Promise<Drainable[]> {
  const token =
    env.FAULT_ADMIN_TOKEN || (env.FAULT_ADMIN_TOKEN_FILE && readToken(env.FAULT_ADMIN_TOKEN_FILE));
  if (!token) return [];
  // Setting a fault must not appear in the traces that it affects.
  for (const path of ["/faults", ...Object.keys(reports)]) excludePath(path);
  const app = faultAdminApp(faults, token, env.FAULT_ADMIN_NAMES, reports);
  return [await startHttpServer(app, env.FAULT_ADMIN_HOST, env.FAULT_ADMIN_PORT)];
}

const readToken = (file: string): string => readFileSync(file, "utf8").trim();

const requireToken = (token: string): MiddlewareHandler =>
  requireHeader("authorization", `Bearer ${token}`, () =>
    problemResponse(
      new Problem("unauthorized", "The fault admin port requires its token (Authorization: Bearer)."),
      { "www-authenticate": "Bearer" },
    ),
  );

function faultName(c: Context, faults: Faults): string {
  const name = c.req.param("name") ?? "";
  if (faults.names.includes(name)) return name;
  throw new Problem("not-found", unknownName("fault", name, faults.names));
}
