import { type Matcher, parseSelector, type Selector, selectorText, selects } from "../selector.ts";
import type { Slo } from "../slo.ts";

/** A series of the unit tests, written as a selector. An event increases several series. */
type Series = string;

/**
 * The series that good, bad and ignored events increase. Each entry is one variant, such as one status code; the tests
 * spread events evenly over the variants. For the lab's own objectives they are listed below and not derived from the
 * queries, so that a query that misses a status fails a test.
 */
export interface Events {
  readonly good: readonly (readonly Series[])[];
  readonly bad: readonly (readonly Series[])[];
  readonly ignored: readonly (readonly Series[])[];
}

const requestSeries = (slo: Slo, route = routeOf(slo)) => {
  const labels = (status: number) =>
    `service_name="${slo.service}",instance="127.0.0.1:1",http_request_method="GET",http_route="${route}",http_response_status_code="${status}"`;
  const name = "http_server_request_duration_seconds";
  return {
    count: (status: number) => `${name}_count{${labels(status)}}`,
    bucket: (status: number, le: string) => `${name}_bucket{${labels(status)},le="${le}"}`,
  };
};

const routeOf = (slo: Slo) =>
  parseSelector(slo.total).matchers.find(({ label, operator }) => label === "http_route" && operator === "=")
    ?.value ?? "/";

/** The events of each kind of objective, as the lab's services count them. */
const KINDS: Record<string, (slo: Slo) => Events> = {
  availability(slo) {
    const { count } = requestSeries(slo);
    return {
      good: [[count(200)]],
      bad: [[count(500)], [count(502)], [count(503)], [count(504)]],
      ignored: [[count(400)], [count(499)]],
    };
  },
  latency(slo) {
    const { count, bucket } = requestSeries(slo);
    return {
      good: [[count(200), bucket(200, "0.25"), bucket(200, "0.1")]],
      // A slow response, and a missed deadline.
      bad: [[count(200), bucket(200, "0.25")], [count(504)]],
      // Errors that were answered quickly are neither good nor bad.
      ignored: [
        [count(400), bucket(400, "0.1")],
        [count(499), bucket(499, "0.1")],
        [count(500), bucket(500, "0.1")],
        [count(503), bucket(503, "0.1")],
      ],
    };
  },
  pace(slo) {
    const name = "lab_stream_excess_seconds";
    const labels = `service_name="${slo.service}",instance="127.0.0.1:1"`;
    const { count } = requestSeries(slo, "/b/numbers");
    return {
      good: [
        [
          `${name}_count{${labels}}`,
          `${name}_bucket{${labels},le="0.25"}`,
          `${name}_bucket{${labels},le="0.15"}`,
        ],
      ],
      bad: [
        [`${name}_count{${labels}}`, `${name}_bucket{${labels},le="0.25"}`],
        [`${name}_count{${labels}}`],
      ],
      // Streams without an observation: rejected, cancelled by the client, or failed.
      ignored: [[count(400)], [count(499)], [count(502)]],
    };
  },
};

/** The events of an objective and where they come from, or the reason why there is no test. */
export type KnownEvents =
  | { readonly events: Events; readonly from: "the services" | "the queries" }
  | { readonly reason: string };

/**
 * Returns the events of an objective: the lab's metrics if its queries count them; otherwise series that
 * are derived from its queries. Derived series show that the rules work, but not that the queries count the right
 * events.
 */
export function eventsOf(slo: Slo): KnownEvents {
  const listed = KINDS[slo.kind]?.(slo);
  if (listed && queriesCount(slo, listed)) return { events: listed, from: "the services" };
  const derived = eventsFromQueries(slo);
  if (derived && queriesCount(slo, derived)) return { events: derived, from: "the queries" };
  return {
    reason: `found no series that both total (${slo.total}) and ${slo.counted.what} (${slo.counted.selector}) select, or none that only total selects`,
  };
}

/** Returns whether the queries count good events as good, bad ones as bad, and ignored ones not at all. */
function queriesCount(slo: Slo, events: Events): boolean {
  const [total, counted] = [parseSelector(slo.total), parseSelector(slo.counted.selector)];
  const times = (selector: Selector, event: readonly Series[]) =>
    event.filter((series) => selects(selector, parseSeries(series))).length;
  const goodCount = slo.counted.what === "good" ? 1 : 0;
  const allCounted = (sort: keyof Events, inTotal: number, inCounted: number) =>
    events[sort].every((event) => times(total, event) === inTotal && times(counted, event) === inCounted);
  return (
    allCounted("good", 1, goodCount) && allCounted("bad", 1, 1 - goodCount) && allCounted("ignored", 0, 0)
  );
}

const parseSeries = (series: Series) => {
  const { metric, matchers } = parseSelector(series);
  return { metric, labels: Object.fromEntries(matchers.map(({ label, value }) => [label, value])) };
};

function eventsFromQueries(slo: Slo): Events | undefined {
  const [total, counted] = [parseSelector(slo.total), parseSelector(slo.counted.selector)];
  const candidates = candidatesFor([...total.matchers, ...counted.matchers]);
  const sameMetric = total.metric === counted.metric;
  const inBoth = selectedByAll(sameMetric ? [total, counted] : [counted], candidates);
  const inTotal = sameMetric
    ? selectedByFirstOnly(total, counted, candidates)
    : selectedByAll([total], candidates);
  if (inBoth === undefined || inTotal === undefined) return undefined;
  const countedEvents = [sameMetric ? [inBoth] : [inBoth, inTotal]];
  const otherEvents = [[inTotal]];
  const [good, bad] =
    slo.counted.what === "good" ? [countedEvents, otherEvents] : [otherEvents, countedEvents];
  return { good, bad, ignored: [] };
}

type Candidates = ReadonlyMap<string, readonly string[]>;

/** Returns a series that all given selectors of one metric select. */
const selectedByAll = (selectors: readonly Selector[], candidates: Candidates) =>
  seriesWhere(selectors[0]?.metric ?? "", candidates, (labels) =>
    selectors.every((selector) => matchesLabels(selector, labels)),
  );

/** Returns a series that the first selector selects and the second does not, because of one label. */
function selectedByFirstOnly(first: Selector, second: Selector, candidates: Candidates): Series | undefined {
  for (const { label } of second.matchers) {
    const found = seriesWhere(first.metric, candidates, (labels) => {
      const isDifferent = label in labels;
      return matchesLabels(first, labels) && matchesLabels(second, labels) === !isDifferent;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Finds a series label by label: each matcher concerns one label only. */
function seriesWhere(
  metric: string,
  candidates: Candidates,
  accepts: (labels: Readonly<Record<string, string>>) => boolean,
): Series | undefined {
  const matchers: Matcher[] = [];
  for (const [label, values] of candidates) {
    const value = values.find((candidate) => accepts({ [label]: candidate }));
    if (value === undefined) return undefined;
    if (value !== "") matchers.push({ label, operator: "=", value });
  }
  return selectorText({ metric, matchers });
}

/** Returns whether the given labels satisfy those matchers of the selector that concern them. */
const matchesLabels = ({ metric, matchers }: Selector, labels: Readonly<Record<string, string>>) =>
  selects({ metric, matchers: matchers.filter(({ label }) => label in labels) }, { metric, labels });

const COMMON_VALUES = ["", "200", "500", "404", "x", "0"];

/** Values to try for each label: values in the matchers, texts that their expressions may match, and common values. */
function candidatesFor(matchers: readonly Matcher[]): Candidates {
  const candidates = new Map<string, string[]>();
  for (const { label, operator, value } of matchers) {
    const values = candidates.get(label) ?? [];
    values.push(...(operator === "=" || operator === "!=" ? [value] : examplesOf(value)));
    candidates.set(label, values);
  }
  for (const values of candidates.values()) values.push(...COMMON_VALUES);
  return candidates;
}

/** Texts that a simple regular expression may match: `(GET|P.*)` → `GET`, `Px`. The caller checks each of them. */
const examplesOf = (expression: string) =>
  expression
    .replaceAll(/\(\?:|[()^$]/g, "")
    .split("|")
    .map((part) =>
      part
        .replaceAll(/\\d|\[[^\]]*0-9[^\]]*\]|\[\d[^\]]*\]/g, "0")
        .replaceAll(/\[([^\]^\\])[^\]]*\]/g, "$1")
        .replaceAll(/\.[*+]/g, "x")
        .replaceAll(/(?<!\\)\./g, "0")
        .replaceAll(/\\(.)/g, "$1")
        .replaceAll(/[?*+]|\{\d+(,\d*)?\}/g, ""),
    );
