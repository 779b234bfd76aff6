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

/** What the frames of a panel leave out, each sentence once. */
export const noticesOf = (frames: readonly DataFrame[]): readonly string[] => [
  ...new Set(frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text)),
];
