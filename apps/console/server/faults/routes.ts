import { jsonObject, LabError, messageOf, parseInput } from "@lgtm-lab/contracts";
import {
  DEFAULT_FAULT_MS,
  endFaults,
  type FaultAccess,
  findStackFault,
  listFaults,
  MAX_FAULT_MS,
  setFault,
} from "@lgtm-lab/faults/client";
import { onlyMethods, Problem, problemResponse, readJsonBody } from "@lgtm-lab/service-runtime";
import type { Context, Hono, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import * as v from "valibot";
import type { FaultEntry } from "../../shared/api.ts";
import type { Env } from "../env.ts";
import { faultAccessFromEnv } from "./access.ts";

const MAX_BODY_BYTES = 1024;
const body = v.pipe(
  jsonObject,
  v.strictObject({
    for_ms: v.optional(
      v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_FAULT_MS)),
      DEFAULT_FAULT_MS,
    ),
  }),
);

/**
 * Adds the API equivalent of `lab break` and `lab fix`: `GET /api/faults`, `PUT /api/faults/<name>` with
 * `{"for_ms":…}`, `DELETE /api/faults[/<name>]`. Each response lists all faults. `guard` protects all requests that
 * make changes.
 */
export function faultRoutes(app: Hono, env: Env, guard: MiddlewareHandler): void {
  const access = faultAccessFromEnv(env);
  const respondWithAll = async (c: Context) => c.json<FaultEntry[]>(await list(access));
  app.get("/api/faults", respondWithAll);
  app.put(
    "/api/faults/:name",
    every(guard, bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge })),
    async function putFault(c) {
      const name = nameOf(c);
      const { for_ms } = parseInput(body, await readJsonBody(c));
      await setFault(access, name, { forMs: for_ms }).catch(throwAsProblem);
      return respondWithAll(c);
    },
  );
  app.delete("/api/faults/:name", guard, async function deleteFault(c) {
    await endFaults(access, nameOf(c)).catch(throwAsProblem);
    return respondWithAll(c);
  });
  app.delete("/api/faults", guard, async function deleteAllFaults(c) {
    await endFaults(access).catch(throwAsProblem);
    return respondWithAll(c);
  });
  onlyMethods(app, "/api/faults", ["GET", "HEAD", "DELETE"]);
  onlyMethods(app, "/api/faults/:name", ["PUT", "DELETE"]);
}

async function list(access: FaultAccess): Promise<FaultEntry[]> {
  return (await listFaults(access)).map(({ fault: { name, effect }, until, unavailableReason }) => ({
    name,
    effect,
    until: until === undefined ? null : new Date(until).toISOString(),
    ...(unavailableReason !== undefined && { unavailableReason }),
  }));
}

function nameOf(c: Context): string {
  try {
    return findStackFault(c.req.param("name") ?? "").name;
  } catch (error) {
    throw new Problem("not-found", messageOf(error), { cause: error });
  }
}

/**
 * Converts a LabError to a problem document, because its message is written for users. The type is always `backend-down`,
 * also if a mechanism of the gateways is off.
 */
function throwAsProblem(error: unknown): never {
  if (error instanceof LabError) throw new Problem("backend-down", error.message, { cause: error });
  throw error;
}

const tooLarge = (): Response =>
  problemResponse(new Problem("content-too-large", `A body may have at most ${MAX_BODY_BYTES} bytes.`));
