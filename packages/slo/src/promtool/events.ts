import { type Matcher, parseSelector, type Selector, selectorText, selects } from "../selector.ts";
import type { Slo } from "../slo.ts";

/** A series of the tests, and where an event adds to it. */
type Series = string;

/**
 * What each sort of event adds to, in the services' own metrics. Several ways of being bad, or of not counting, are
 * several entries; each event takes one of them in turn. Written down here once more on purpose, rather than derived from
 * the objectives' queries: a query that misses a status must fail a test.
 */
export interface Events {
  readonly good: readonly (readonly Series[])[];
  readonly bad: readonly (readonly Series[])[];
  readonly ignored: readonly (readonly Series[])[];
}

const requests = (slo: Slo, route = routeOf(slo)) => {
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

const KINDS: Record<string, (slo: Slo) => Events> = {
  availability(slo) {
    const { count } = requests(slo);
    return {
      good: [[count(200)]],
      bad: [[count(500)], [count(502)], [count(503)], [count(504)]],
      ignored: [[count(400)], [count(499)]],
    };
  },
  latency(slo) {
    const { count, bucket } = requests(slo);
    return {
      good: [[count(200), bucket(200, "0.25"), bucket(200, "0.1")]],
      // Slow; and never answered.
      bad: [[count(200), bucket(200, "0.25")], [count(504)]],
      // Quick refusals are neither good nor bad answers.
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
    const { count } = requests(slo, "/b/numbers");
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
      // Streams that were never observed: refused, left by the client, broken.
      ignored: [[count(400)], [count(499)], [count(502)]],
    };
  },
};

/** An objective's events, and how they were found; or why no test can be made. */
export type KnownEvents =
  | { readonly events: Events; readonly from: "the services" | "the queries" }
  | { readonly why: string };

/**
 * The events of an objective. Those of its kind, as the lab's services count them; where its queries count something
 * else, series made up from the queries: they show that the rules work, not that the queries count the right thing.
 */
export function eventsOf(slo: Slo): KnownEvents {
  const written = KINDS[slo.kind]?.(slo);
  if (written && fit(slo, written)) return { events: written, from: "the services" };
  const derived = eventsFromQueries(slo);
  if (derived && fit(slo, derived)) return { events: derived, from: "the queries" };
  return {
    why: `no series could be found that total (${slo.total}) selects and ${slo.counted.what} (${slo.counted.selector}) does not, or that both select`,
  };
}

/** Whether the queries count each event as what it is meant to be. */
function fit(slo: Slo, events: Events): boolean {
  const [total, counted] = [parseSelector(slo.total), parseSelector(slo.counted.selector)];
  const times = (selector: Selector, event: readonly Series[]) =>
    event.filter((series) => selects(selector, labelled(series))).length;
  const goodIs = slo.counted.what === "good" ? 1 : 0;
  const all = (sort: keyof Events, inTotal: number, inCounted: number) =>
    events[sort].every((event) => times(total, event) === inTotal && times(counted, event) === inCounted);
  return all("good", 1, goodIs) && all("bad", 1, 1 - goodIs) && all("ignored", 0, 0);
}

const labelled = (series: Series) => {
  const { metric, matchers } = parseSelector(series);
  return { metric, labels: Object.fromEntries(matchers.map(({ label, value }) => [label, value])) };
};

function eventsFromQueries(slo: Slo): Events | undefined {
  const [total, counted] = [parseSelector(slo.total), parseSelector(slo.counted.selector)];
  const guesses = guessesFor([...total.matchers, ...counted.matchers]);
  const sameMetric = total.metric === counted.metric;
  const inBoth = madeUp(sameMetric ? [total, counted] : [counted], guesses);
  const inTotal = sameMetric ? onlyIn(total, counted, guesses) : madeUp([total], guesses);
  if (inBoth === undefined || inTotal === undefined) return undefined;
  const countedEvents = [sameMetric ? [inBoth] : [inBoth, inTotal]];
  const otherEvents = [[inTotal]];
  const [good, bad] =
    slo.counted.what === "good" ? [countedEvents, otherEvents] : [otherEvents, countedEvents];
  return { good, bad, ignored: [] };
}

type Guesses = ReadonlyMap<string, readonly string[]>;

/** A series that all selectors of one metric select. */
const madeUp = (selectors: readonly Selector[], guesses: Guesses) =>
  seriesWhere(selectors[0]?.metric ?? "", guesses, (labels) =>
    selectors.every((selector) => onLabel(selector, labels)),
  );

/** A series that the first selects and the second does not: it differs in one label. */
function onlyIn(first: Selector, second: Selector, guesses: Guesses): Series | undefined {
  for (const { label } of second.matchers) {
    const found = seriesWhere(first.metric, guesses, (labels) => {
      const isTheOne = label in labels;
      return onLabel(first, labels) && onLabel(second, labels) === !isTheOne;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Each matcher is about one label, so the value of each label is found by itself. */
function seriesWhere(
  metric: string,
  guesses: Guesses,
  suits: (label: Readonly<Record<string, string>>) => boolean,
): Series | undefined {
  const matchers: Matcher[] = [];
  for (const [label, values] of guesses) {
    const value = values.find((guess) => suits({ [label]: guess }));
    if (value === undefined) return undefined;
    if (value !== "") matchers.push({ label, operator: "=", value });
  }
  return selectorText({ metric, matchers });
}

/** Whether one label has a value that a selector wants. */
const onLabel = ({ metric, matchers }: Selector, labels: Readonly<Record<string, string>>) =>
  selects({ metric, matchers: matchers.filter(({ label }) => label in labels) }, { metric, labels });

const COMMON = ["", "200", "500", "404", "x", "0"];

/** Values to try for each label: those that the matchers name, what their expressions look like, and common ones. */
function guessesFor(matchers: readonly Matcher[]): Guesses {
  const guesses = new Map<string, string[]>();
  for (const { label, operator, value } of matchers) {
    const known = guesses.get(label) ?? [];
    known.push(...(operator === "=" || operator === "!=" ? [value] : examplesOf(value)));
    guesses.set(label, known);
  }
  for (const known of guesses.values()) known.push(...COMMON);
  return guesses;
}

/** Texts that a simple regular expression might match: `(GET|P.*)` → `GET`, `Px`. Each is tried before it is used. */
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
