import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { annotationBands, type Band } from "../queries/annotations.ts";
import type { Scope } from "../queries/context.ts";

/** The maximum number of bands of one annotation; more would hide the graph. */
const MOST_BANDS = 300;

/**
 * Returns the bands of a dashboard's annotations. An annotation whose query fails has no bands and no message, because
 * the graphs show the same error.
 */
export function useBands(scope: Scope): {
  readonly bands: readonly Band[];
  readonly remarks: readonly string[];
} {
  const { dashboard, range } = scope;
  const annotations = dashboard.annotations.filter(({ enabled }) => enabled);
  const responses = useQueries({
    queries: annotations.map((annotation) => ({
      queryKey: [
        "annotation",
        dashboard.uid,
        annotation.name,
        annotation.target.query,
        range.from.valueOf(),
        range.to.valueOf(),
      ],
      queryFn: ({ signal }: { signal: AbortSignal }) => annotationBands(annotation, scope, signal),
      placeholderData: (before: Band[] | undefined) => before,
      gcTime: 10_000,
    })),
  });
  const found = {
    bands: responses.flatMap(({ data = [] }) => data.slice(0, MOST_BANDS)),
    remarks: responses.flatMap(({ data = [] }, index) =>
      data.length > MOST_BANDS
        ? [
            `Only ${MOST_BANDS} of ${data.length} time ranges of "${annotations[index]?.name}" are marked in the graphs.`,
          ]
        : [],
    ),
  };
  const fingerprint = JSON.stringify(found);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the fingerprint changes with the results
  return useMemo(() => found, [fingerprint]);
}
