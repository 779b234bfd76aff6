import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { annotationBands, type Band } from "../queries/annotations.ts";
import type { Scope } from "../queries/context.ts";

/** What a dashboard's annotations mark. One that cannot be asked marks nothing: the graphs say what is wrong. */
export function useBands(scope: Scope): readonly Band[] {
  const { dashboard, range } = scope;
  const answers = useQueries({
    queries: dashboard.annotations
      .filter(({ enabled }) => enabled)
      .map((annotation) => ({
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
  const bands = answers.flatMap(({ data = [] }) => data);
  const fingerprint = JSON.stringify(bands);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the fingerprint is the bands
  return useMemo(() => bands, [fingerprint]);
}
