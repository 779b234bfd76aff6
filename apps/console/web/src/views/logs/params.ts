import { NO_FILTER, writeLogql } from "../../lines/logql.ts";
import { traceId } from "../../trace/ids.ts";
import { flag, oneOf, text } from "../../url/codecs.ts";

export const QUERY = text();
export const TRACE = text();
export const LIMIT = oneOf(["100", "200", "500", "1000"], "200");
export const LIVE = flag();

/** `query` says it; without one, `trace` alone does; without either, all lines. */
export const queryOf = (query: string, trace: string): string =>
  query.trim() || writeLogql({ ...NO_FILTER, trace: traceId(trace) ?? "" });
