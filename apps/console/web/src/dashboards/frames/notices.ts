import type { DataFrame, QueryResultMetaNotice } from "@grafana/data";

/** Returns a notice that a result reached the limit of its query and may be incomplete. */
export const limitNotice = (
  count: number,
  limit: number,
  what: "lines" | "traces",
): { notices?: QueryResultMetaNotice[] } =>
  count >= limit
    ? {
        notices: [
          {
            severity: "info",
            text: `The query is limited to ${limit.toLocaleString("en")} ${what}; there may be more.`,
          },
        ],
      }
    : {};

/** Returns a notice that the service map omits some calls. */
export const unnamedNotice = (count: number): { notices?: QueryResultMetaNotice[] } =>
  count > 0
    ? {
        notices: [
          {
            severity: "info",
            text: `${count === 1 ? "1 kind of call is" : `${count} kinds of calls are`} not drawn, because the caller or the callee has no name.`,
          },
        ],
      }
    : {};

/** Returns the notices of a panel's frames without duplicates. */
export const noticesOf = (frames: readonly DataFrame[]): readonly string[] => [
  ...new Set(frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text)),
];
