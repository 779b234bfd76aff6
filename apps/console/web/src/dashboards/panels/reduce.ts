import { fieldReducers, type ReduceDataOptions } from "@grafana/data";
import { flag, number, record, text, texts } from "../model/read.ts";

/** How a series becomes one value; the newest where the panel says nothing that is known. */
export function reduceOptions(value: unknown): ReduceDataOptions {
  const { calcs, fields, values, limit } = record(value);
  const known = texts(calcs).filter((calc) => fieldReducers.getIfExists(calc));
  const most = number(limit);
  return {
    calcs: known.length > 0 ? known : ["lastNotNull"],
    fields: text(fields),
    values: flag(values),
    ...(most !== undefined && { limit: most }),
  };
}
