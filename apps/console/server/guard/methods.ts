import { Problem, problemResponse } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";

/** Answers 405 with `Allow` for every other method of a path; mount it after those that there are. */
export function onlyMethods(app: Hono, path: string, methods: string): void {
  app.all(path, (c) => {
    const problem = new Problem("method-not-allowed", `${c.req.method} is not allowed for ${path}.`);
    return problemResponse(problem, { allow: methods });
  });
}
