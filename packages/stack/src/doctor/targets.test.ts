import assert from "node:assert/strict";
import { test } from "node:test";
import { explainDownTarget } from "./targets.ts";

const target = {
  name: "my-app (127.0.0.1:7000)",
  scrapeUrl: "http://127.0.0.1:7000/metrics",
  isStackComponent: false,
  file: "services.json",
};
const GET = 'Get "http://127.0.0.1:7000/metrics": ';

/** Prometheus's error (3.15), the cause, the fix. */
const ERRORS: [lastError: string, cause: RegExp, fix: RegExp][] = [
  [
    `${GET}dial tcp 127.0.0.1:7000: connect: connection refused`,
    /nothing listens on 127\.0\.0\.1:7000/,
    /start my-app/,
  ],
  [`${GET}dial tcp: lookup no.such.host on 10.2.5.5:53: no such host`, /cannot be resolved/, /host name/],
  [`${GET}context deadline exceeded`, /scrape timeout/, /__scrape_timeout__/],
  [`${GET}dial tcp 10.9.9.9:80: connect: no route to host`, /no network route/, /address/],
  [`${GET}EOF`, /closes the connection/, /curl -i/],
  [`${GET}http: server gave HTTP response to HTTPS client`, /speaks HTTP/, /__scheme__/],
  [
    `${GET}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    /TLS/,
    /certificate/,
  ],
  ["server returned HTTP status 404 Not Found", /responds with 404 at \/metrics/, /__metrics_path__/],
  ["server returned HTTP status 401 Unauthorized", /credentials/, /credentials/],
  ["server returned HTTP status 500 Internal Server Error", /responds with 500 Internal/, /curl -i/],
  [
    'label_value_length_limit exceeded (metric: x, label name: a, value: "yyy", length: 1025, limit: 1024)',
    /label a of x has a value of 1025 bytes; the limit is 1024/,
    /shorten/,
  ],
  [
    "label_name_length_limit exceeded (metric: x, label name: yy, length: 129, limit: 128)",
    /129 bytes/,
    /shorten/,
  ],
  ["label_limit exceeded (metric: x, number of labels: 45, limit: 40)", /x has 45 labels/, /remove labels/],
  ["sample limit exceeded", /50,000/, /sample_limit/],
  ["body size limit exceeded", /32 MB/, /body_size_limit/],
  ["data does not end with # EOF", /OpenMetrics/, /# EOF/],
  [
    'expected timestamp or new record, got "#" ("INVALID") while parsing: "x 3 #"',
    /exemplars/,
    /openmetrics-text/,
  ],
  ['expected a valid start token, got "<" ("INVALID") while parsing: "<"', /HTML page/, /__metrics_path__/],
  [String.raw`expected equal, got ":" ("INVALID") while parsing: "{\"a\":"`, /JSON/, /__metrics_path__/],
  [
    String.raw`expected a valid start token, got "\xef" ("INVALID") while parsing: "\xef"`,
    /byte order mark/,
    /BOM/,
  ],
  [String.raw`invalid metric type "counter\r"`, /CR LF/, /LF/],
  [String.raw`invalid UTF-8 label value: "\"\xff\""`, /valid UTF-8/, /UTF-8/],
  ["proto: wrong wireType = 0 for field Metric", /Protobuf/, /text\/plain/],
  [
    'strconv.ParseFloat: parsing "abc": invalid syntax while parsing: "x abc"',
    /not in the Prometheus text format/,
    /promtool/,
  ],
  ["too old sample", /timestamps/, /leave the timestamps out/],
  ["", /not scraped yet/, /wait/],
  ["something new", /something new/, /curl -i/],
];
for (const [lastError, cause, fix] of ERRORS)
  test(`a target that is down: ${lastError || "(no error yet)"}`, () => {
    const problem = explainDownTarget({ ...target, lastError });
    assert.match(problem.cause, /^my-app \(127\.0\.0\.1:7000\): /);
    assert.match(problem.cause, cause);
    assert.match(problem.fix, fix);
    assert.doesNotMatch(problem.fix, /npx lab logs/, "the lab does not run it");
  });

test("for a component of the lab, the fix is its log and a restart by the lab", () => {
  const labTarget = {
    ...target,
    name: "loki",
    isStackComponent: true,
    lastError: "dial tcp: connect: connection refused",
  };
  assert.match(explainDownTarget(labTarget).fix, /npx lab logs loki .* npx lab up/);
  assert.match(explainDownTarget({ ...labTarget, lastError: "something new" }).fix, /npx lab logs loki/);
});
