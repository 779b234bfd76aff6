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

const requests = (slo: Slo) => {
  const route = /http_route="([^"]+)"/.exec(slo.total)?.[1];
  if (route === undefined) throw new Error(`${slo.name}: its total names no http_route`);
  const labels = (status: number) =>
    `service_name="${slo.service}",instance="127.0.0.1:1",http_request_method="GET",http_route="${route}",http_response_status_code="${status}"`;
  const name = "http_server_request_duration_seconds";
  return {
    count: (status: number) => `${name}_count{${labels(status)}}`,
    bucket: (status: number, le: string) => `${name}_bucket{${labels(status)},le="${le}"}`,
  };
};

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
    const { count } = requests({ ...slo, total: 'http_route="/b/numbers"' });
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

/** The events of an objective's kind. */
export function eventsOf(slo: Slo): Events {
  const events = KINDS[slo.kind];
  if (!events)
    throw new Error(
      `slo/${slo.name}.yaml: say in packages/slo/src/promtool/events.ts what a good, a bad and an ignored event of the kind "${slo.kind}" is, so that its alerts can be tested`,
    );
  return events(slo);
}
