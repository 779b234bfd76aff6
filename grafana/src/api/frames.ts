/**
 * A data frame as `/api/ds/query` sends it (https://grafana.com/developers/dataplane), with the parts that are used
 * here.
 */
export interface Frame {
  readonly schema?: {
    readonly name?: string;
    readonly meta?: { readonly custom?: { readonly resultType?: string } | null };
    readonly fields?: readonly { readonly name: string; readonly type: string }[];
  };
  /** A list of values for each field, in the order of the fields. NaN and infinities are null here. */
  readonly data?: { readonly values?: readonly (readonly unknown[])[] };
}

/** Returns whether the frame has exemplars: they come as a separate frame, beside the series. */
const areExemplars = ({ schema }: Frame): boolean => schema?.meta?.custom?.resultType === "exemplar";

/** Returns the values of a field by its name; empty if there is no such field. */
export function column({ schema, data }: Frame, name: string): readonly unknown[] {
  const index = schema?.fields?.findIndex((field) => field.name === name) ?? -1;
  return data?.values?.[index] ?? [];
}

/** Counts the values or lines that a panel draws: without timestamps, and only the numbers if there are any. */
export function countValues(frames: readonly Frame[]): number {
  let count = 0;
  for (const frame of frames.filter((one) => !areExemplars(one))) {
    const fields = (frame.schema?.fields ?? []).map(({ type }, index) => ({ type, index }));
    const numbers = fields.filter(({ type }) => type === "number");
    const counted = numbers.length > 0 ? numbers : fields.filter(({ type }) => type === "string").slice(0, 1);
    for (const { index } of counted)
      count += (frame.data?.values?.[index] ?? []).filter((value) => value !== null).length;
  }
  return count;
}

/** Returns the trace ids of the exemplars in these frames. */
export const exemplarIds = (frames: readonly Frame[]): string[] =>
  frames
    .filter(areExemplars)
    .flatMap((frame) => [...column(frame, "trace_id"), ...column(frame, "traceID")])
    .filter((id): id is string => typeof id === "string" && id !== "");
