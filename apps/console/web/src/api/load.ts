import type { LoadRun } from "../../../shared/api.ts";
import { get } from "./http.ts";

/** Fetches the results of `lab load`, newest first. */
export const listLoadRuns = (signal?: AbortSignal) => get<readonly LoadRun[]>("/api/load", {}, signal);
