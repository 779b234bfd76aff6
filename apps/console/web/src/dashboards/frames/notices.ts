import type { DataFrame, QueryResultMetaNotice } from "@grafana/data";

/** Says that an answer has as many rows as its query allows, so that there may be more. */
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
            text: `${limit.toLocaleString("en")} ${what} are the limit of this query; there may be more.`,
          },
        ],
      }
    : {};

/** Says that some calls have no place on a service map. */
export const unnamedNotice = (count: number): { notices?: QueryResultMetaNotice[] } =>
  count > 0
    ? {
        notices: [
          {
            severity: "info",
            text: `${count === 1 ? "1 kind of call is" : `${count} kinds of calls are`} not drawn: caller or callee has no name.`,
          },
        ],
      }
    : {};

/** What the frames of a panel leave out, each sentence once. */
export const noticesOf = (frames: readonly DataFrame[]): readonly string[] => [
  ...new Set(frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text)),
];
