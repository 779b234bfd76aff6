import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { env as variables } from "node:process";
import { after, test } from "node:test";
import { withoutSecrets } from "./delivery/report.ts";
import { INSTRUMENTATIONS, SUPPORTED } from "./otel-variables.ts";

const original = { ...variables };
after(() => replaceEnvironment(original));

function replaceEnvironment(environment: Record<string, string | undefined>): void {
  for (const name of Object.keys(variables)) delete variables[name];
  Object.assign(variables, environment);
}

let reads = 0;

/** Returns the settings from an environment. It loads a new copy of the module, because each copy reads only once. */
async function settings(environment: Record<string, string>): Promise<typeof import("./env.ts")> {
  replaceEnvironment({ PATH: original.PATH, OTEL_SERVICE_NAME: "tested", ...environment });
  reads += 1;
  return import(`./env.ts?read=${reads}`);
}

const OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const HTTP = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" };

/** Invalid addresses, each with a pattern for the message about it. */
const IMPOSSIBLE: [name: string, value: string, fix: RegExp, otherVariables?: Record<string, string>][] = [
  [OTLP, "localhost:4317", /has no scheme: use http:\/\/localhost:4317/],
  [OTLP, "otelcol", /has no scheme: use http:\/\/otelcol:4317, or https:\/\/otelcol for TLS/],
  [OTLP, "otelcol", /has no scheme: use http:\/\/otelcol:4318, or https:\/\/otelcol for TLS/, HTTP],
  [OTLP, "grpc://otelcol", /use http:\/\/otelcol:4317/],
  [OTLP, "otelcol:80", /use http:\/\/otelcol:4317/],
  [OTLP, "otelcol:4318", /use http:\/\/otelcol:4317, or https:\/\/otelcol:4317/],
  [OTLP, "otelcol/v1/traces", /use http:\/\/otelcol:4317, or https:\/\/otelcol for TLS/],
  [OTLP, "10.1.2.3:4317", /use http:\/\/10\.1\.2\.3:4317/],
  [OTLP, "[::1]:4317", /use http:\/\/\[::1\]:4317/],
  [OTLP, "4317", /use http:\/\/localhost:4317/],
  [OTLP, ":4317", /use http:\/\/localhost:4317/],
  [OTLP, "//localhost:4317", /use http:\/\/localhost:4317/],
  [OTLP, "http:localhost:4317", /use http:\/\/localhost:4317/],
  [OTLP, "http//localhost:4317", /has no scheme/],
  [OTLP, "localhost:4318", /use http:\/\/localhost:4318/, HTTP],
  [OTLP, "grpc://localhost:4317", /scheme "grpc".*use http:\/\/localhost:4317/],
  [OTLP, "unix:///run/otel.sock", /scheme "unix".*use http:\/\/localhost:4317/],
  [OTLP, "tcp://otelcol:4317", /use http:\/\/otelcol:4317/],
  [OTLP, "htttp://otelcol:4318", /use http:\/\/otelcol:4318/, HTTP],
  [OTLP, '"http://localhost:4317"', /in quotes: remove them/],
  [OTLP, "http://local host:4317", /not a valid URL: use for example http:\/\/localhost:4317/],
  [OTLP, "http://localhost:70000", /not a valid URL/],
  [OTLP, "http://localhost:0", /port 0/],
  [OTLP, "http://", /not a valid URL/],
  [OTLP, "http://otelcol:4317,http://other:4317", /not a valid URL/],
  [OTLP, "http://localhost:4318", /use port 4317, or set OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/],
  [OTLP, "https://otlp.example.com/otlp", /has the path \/otlp.*OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/],
  [OTLP, "http://otelcol", /use http:\/\/otelcol:4317/],
  [OTLP, "http//otelcol:4317", /use http:\/\/otelcol:4317/],
  [OTLP, "otelcol/v1/traces", /use http:\/\/otelcol:4318, or/, HTTP],
  [OTLP, "otelcol/otlp", /use http:\/\/otelcol\/otlp, or/, HTTP],
  [OTLP, "otelcol:80", /use http:\/\/otelcol, or https:\/\/otelcol:80/, HTTP],
  [TRACES, "localhost:4317", /has no scheme/],
  [TRACES, "otelcol", /use http:\/\/otelcol:4318\/v1\/traces, or/, HTTP],
  [TRACES, "http://", /use for example http:\/\/localhost:4318\/v1\/traces/, HTTP],
  [TRACES, "http://localhost:4317/v1/traces", /has the path \/v1\/traces.*use http:\/\/localhost:4317/],
  ["LOKI_URL", "localhost:3100", /use http:\/\/localhost:3100.*empty to write to stdout only/],
  ["LOKI_URL", "loki", /has no scheme: use http:\/\/loki:3100, or https:\/\/loki for TLS/],
  ["LOKI_URL", "grpc://loki:9095", /scheme "grpc"/],
  ["LOKI_URL", "http://loki:port", /not a valid URL: use for example http:\/\/127\.0\.0\.1:3100/],
  ["LOKI_URL", "'http://loki:3100'", /in quotes/],
  ["LOG_LEVEL", "verbose", /use trace, debug, info, warn, error, fatal or silent/],
  ["TELEMETRY_SPAN_BUFFER", "lots", /use a whole number above 0/],
  ["TELEMETRY_INSTRUMENTATION", "fast", /use optimized or upstream/],
  ["TELEMETRY_LOG_BUFFER", "0", /use a whole number above 0/],
];

for (const [name, value, fix, otherVariables = {}] of IMPOSSIBLE)
  test(`${name}=${value}${otherVariables === HTTP ? " for HTTP" : ""} is rejected with one sentence that contains a fix`, async () => {
    const { fatalProblems } = await settings({ ...otherVariables, [name]: value });
    assert.equal(fatalProblems.length, 1, fatalProblems.join("\n"));
    assert.ok(fatalProblems[0]?.startsWith(`${name}=${value} `), fatalProblems[0]);
    assert.match(fatalProblems[0] ?? "", fix);
    assert.match(fatalProblems[0] ?? "", /^[^\n]*\.$/);
  });

test("the address in a message is accepted at the next start", async () => {
  for (const [name, value, , more = {}] of IMPOSSIBLE) {
    const { fatalProblems } = await settings({ ...more, [name]: value });
    for (const [address] of fatalProblems[0]?.matchAll(
      /(?<=\b(?:use|or|example) )https?:\/\/[^\s,]+(?<!\.)/g,
    ) ?? []) {
      const next = await settings({ ...more, [name]: address });
      assert.deepEqual([...next.fatalProblems, ...next.notices], [], `${name}=${value}`);
    }
  }
});

/** Addresses that are valid or may be, and the URL that the sender gets. */
const POSSIBLE: [environment: Record<string, string>, url: string][] = [
  [{}, "http://127.0.0.1:4317"],
  [HTTP, "http://127.0.0.1:4318/v1/traces"],
  [{ [OTLP]: "" }, "http://127.0.0.1:4317"],
  [{ [OTLP]: " http://otelcol:4317/ " }, "http://otelcol:4317"],
  [{ [OTLP]: "HTTP://otelcol:4317" }, "http://otelcol:4317"],
  [{ [OTLP]: "https://api.example.com" }, "https://api.example.com"],
  [{ [OTLP]: "http://otelcol:5555" }, "http://otelcol:5555"],
  [{ [OTLP]: "nonsense", [TRACES]: "http://otelcol:4317" }, "http://otelcol:4317"],
  [{ [OTLP]: "http://otelcol:4317", [TRACES]: "" }, "http://otelcol:4317"],
  [{ [OTLP]: "otelcol:4317", OTEL_EXPORTER_OTLP_INSECURE: "true" }, "http://otelcol:4317"],
  [{ [OTLP]: "otelcol:4317", OTEL_EXPORTER_OTLP_TRACES_INSECURE: "False" }, "https://otelcol:4317"],
  [{ [OTLP]: "http://otelcol:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "http://otelcol:4318"],
  [{ [OTLP]: "http://otelcol:4318", ...HTTP }, "http://otelcol:4318/v1/traces"],
  [{ [OTLP]: "https://example.com/otlp/", ...HTTP }, "https://example.com/otlp/v1/traces"],
  [{ [TRACES]: "http://otelcol:4318/own/path", ...HTTP }, "http://otelcol:4318/own/path"],
  [
    { [OTLP]: "http://otelcol:4318", OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "HTTP/JSON" },
    "http://otelcol:4318/v1/traces",
  ],
];

for (const [environment, url] of POSSIBLE)
  test(`spans go to ${url} with ${JSON.stringify(environment)}`, async () => {
    const { fatalProblems, traceSettings } = await settings(environment);
    assert.deepEqual(fatalProblems, []);
    assert.equal(traceSettings.receiver.url, url);
  });

for (const [value, url] of [
  [undefined, "http://127.0.0.1:3100/"],
  ["http://loki:3100", "http://loki:3100/"],
  ["http://loki:3100/loki/api/v1/push", "http://loki:3100/"],
  ["https://example.com/tenant/", "https://example.com/tenant/"],
  ["", undefined],
  ["  ", undefined],
] as const)
  test(`lines go to ${url ?? "stdout only"} with LOKI_URL=${value}`, async () => {
    const { env, fatalProblems } = await settings(value === undefined ? {} : { LOKI_URL: value });
    assert.deepEqual(fatalProblems, []);
    assert.equal(env.loki?.url, url);
  });

test("an endpoint that is not used is not checked", async () => {
  for (const unused of [{ OTEL_SDK_DISABLED: "true" }, { OTEL_TRACES_EXPORTER: "none" }])
    assert.deepEqual((await settings({ ...unused, [OTLP]: "localhost:4317" })).fatalProblems, []);
});

test("every supported variable counts as unset when it is empty, for the SDK too", async () => {
  const names = [
    ...SUPPORTED.keys(),
    "OTEL_METRICS_EXPORTER",
    "OTEL_UNKNOWN",
    "LOG_LEVEL",
    "TELEMETRY_SPAN_BUFFER",
  ];
  const empty = Object.fromEntries(names.map((name, index) => [name, index % 2 ? "" : " "]));
  const { fatalProblems, notices, env, traceSettings, hasServiceName } = await settings({
    ...empty,
    LOKI_URL: "",
  });
  assert.deepEqual([...fatalProblems, ...notices], []);
  assert.deepEqual(Object.keys(variables).sort(), ["LOKI_URL", "PATH"]);
  assert.equal(hasServiceName, false);
  assert.deepEqual(env, {
    LOG_LEVEL: "info",
    TELEMETRY_INSTRUMENTATION: "optimized",
    TELEMETRY_SPAN_BUFFER: 50_000,
    TELEMETRY_LOG_BUFFER: 50_000,
    OTEL_SDK_DISABLED: false,
    loki: undefined,
  });
  assert.equal(traceSettings.receiver.url, "http://127.0.0.1:4317");
});

/** Invalid values. A message reports that the default is used. */
const IGNORED: [name: string, value: string, problem: RegExp][] = [
  [
    "OTEL_TRACES_SAMPLER",
    "foo",
    /^OTEL_TRACES_SAMPLER=foo is ignored: use always_on, .* or parentbased_traceidratio\.$/,
  ],
  ["OTEL_TRACES_SAMPLER", "jaeger_remote", /is ignored/],
  ["OTEL_TRACES_EXPORTER", "zipkin", /zipkin is not supported; use otlp, console or none/],
  ["OTEL_PROPAGATORS", "xray", /xray is not supported; use tracecontext/],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "http", /use grpc, http\/protobuf or http\/json/],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", /use none or gzip/],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s", /use a whole number from 0/],
  ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "-1", /use a whole number from 0/],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "0", /use a whole number from 1/],
  ["OTEL_SPAN_EVENT_COUNT_LIMIT", "1e99", /use a whole number/],
  ["OTEL_SDK_DISABLED", "yes", /use true or false/],
  ["OTEL_LOG_LEVEL", "loud", /use none, error/],
  ["OTEL_RESOURCE_ATTRIBUTES", "a=1,b", /none is used/],
  ["OTEL_RESOURCE_ATTRIBUTES", "a=b=c", /none is used/],
  ["OTEL_NODE_ENABLED_INSTRUMENTATIONS", "htp", /htp is not supported/],
  ["OTEL_NODE_RESOURCE_DETECTORS", "gcp", /gcp is not supported/],
  ["OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file", /cannot read the file \(ENOENT\)/],
];

for (const [name, value, problem] of IGNORED)
  test(`${name}=${value} is reported and ignored`, async () => {
    const { fatalProblems, notices } = await settings({ [name]: value });
    assert.deepEqual(fatalProblems, []);
    assert.equal(notices.length, 1, notices.join("\n"));
    assert.ok(notices[0]?.startsWith(`${name}=${value} is ignored: `), notices[0]);
    assert.match(notices[0] ?? "", problem);
    assert.equal(variables[name], undefined, "the SDK must not see it");
  });

test("only the unknown names in a list are ignored", async () => {
  const { notices } = await settings({ OTEL_PROPAGATORS: "tracecontext, jaeger,B3 ,b3" });
  assert.deepEqual(notices, [
    "OTEL_PROPAGATORS=tracecontext, jaeger,B3 ,b3 is ignored in part: jaeger is not supported; use tracecontext, baggage, b3, b3multi or none.",
  ]);
  assert.equal(variables.OTEL_PROPAGATORS, "tracecontext,b3");
});

test("variables without effect are named in one sentence, with the reason", async () => {
  const { notices } = await settings({
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://otelcol:4318/v1/metrics",
    OTEL_LOGS_EXPORTER: "none",
    OTEL_BLRP_SCHEDULE_DELAY: "1",
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: "http://zipkin",
    OTEL_BSP_EXPORT_TIMEOUT: "1",
    OTEL_EXPERIMENTAL_CONFIG_FILE: "otel.yaml",
    OTEL_EXPORTER_OTLP_ENDPONT: "http://typo:4317",
    TELEMETRY_SPAN_BUFER: "1000",
    TELEMETRY_LOG_BUFFER_SIZE: "1000",
    TELEMETRY_SPAN_BUFFER: "1000",
    TELEMETRY_OF_ANOTHER: "program",
  });
  assert.equal(notices.length, 1);
  assert.equal(
    notices[0],
    "These variables have no effect: OTEL_METRICS_EXPORTER, OTEL_METRIC_EXPORT_INTERVAL, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" +
      " (metrics are served at /metrics, for Prometheus); OTEL_BLRP_SCHEDULE_DELAY (log lines go to stdout and to LOKI_URL);" +
      " OTEL_EXPORTER_ZIPKIN_ENDPOINT (spans are sent by OTLP); OTEL_BSP_EXPORT_TIMEOUT (the timeout of an export is" +
      " OTEL_EXPORTER_OTLP_TIMEOUT); OTEL_EXPERIMENTAL_CONFIG_FILE (configuration files are not read);" +
      " OTEL_EXPORTER_OTLP_ENDPONT, TELEMETRY_SPAN_BUFER, TELEMETRY_LOG_BUFFER_SIZE (unknown variable).",
  );
});

test("contradictory settings are reported", async () => {
  for (const [environment, notice] of [
    [{ OTEL_TRACES_SAMPLER_ARG: "0.5" }, /^OTEL_TRACES_SAMPLER_ARG=0\.5 has no effect without/],
    [{ OTEL_TRACES_EXPORTER: "otlp,none" }, /contains none: no spans are sent/],
    [
      { [OTLP]: "https://x", OTEL_EXPORTER_OTLP_INSECURE: "true" },
      /OTEL_EXPORTER_OTLP_INSECURE=true has no effect/,
    ],
    [{ [OTLP]: "http://x:1/y", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /The path \/y of .* is ignored/],
    [
      { [OTLP]: "http://u:secret@x:1" },
      /credentials, which gRPC does not send: use OTEL_EXPORTER_OTLP_HEADERS/,
    ],
    [{ [OTLP]: "https://x", OTEL_EXPORTER_OTLP_CLIENT_KEY: "/etc/passwd" }, /only work together/],
  ] as const) {
    const { notices } = await settings(environment as Record<string, string>);
    assert.equal(notices.length, 1, notices.join("\n"));
    assert.match(notices[0] ?? "", notice);
  }
});

/** Addresses of OTLP over HTTP that are probably wrong, and the hint about each. */
const PROBABLY_WRONG: [name: string, value: string, notice: string][] = [
  [
    OTLP,
    "http://localhost:4318/v1/traces",
    `${OTLP}=http://localhost:4318/v1/traces: spans are sent to http://localhost:4318/v1/traces/v1/traces; remove /v1/traces from the value, or use ${TRACES}.`,
  ],
  [
    TRACES,
    "http://me:s3cret@localhost:4318",
    `${TRACES}=http://***@localhost:4318: spans are sent to http://localhost:4318/ without a path; use http://localhost:4318/v1/traces, or ${OTLP}.`,
  ],
];

for (const [name, value, notice] of PROBABLY_WRONG)
  test(`${name}=${value} is reported once at the start, for HTTP only`, async () => {
    const { notices, fatalProblems, traceSettings } = await settings({ ...HTTP, [name]: value });
    assert.deepEqual([notices, fatalProblems], [[notice], []]);
    assert.ok(
      notice.includes(traceSettings.receiver.hint ?? "nothing"),
      "the report about a silent receiver has the same hint",
    );
    const grpc = await settings({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", [name]: value });
    assert.equal(grpc.traceSettings.receiver.hint, "port 4318 is usually OTLP over HTTP");
  });

test("no message and no description of a receiver contains a credential", async () => {
  for (const environment of [
    { [OTLP]: "http://me:s3cret@otelcol:4317" },
    { [OTLP]: "me:s3cret@otelcol:4317" },
    { [OTLP]: "grpc://me:s3cret@otelcol:4317" },
    { [OTLP]: "http://me:s3cr%et@otelcol:4317?key=s3cret" },
    { [OTLP]: "http://otelcol:4318?api-key=s3cret", ...HTTP },
    { LOKI_URL: "http://me:s3cret@loki:3100" },
    { LOKI_URL: "me:s3cret@loki" },
    { LOKI_URL: "http://s3cret@loki:port" },
    { OTEL_EXPORTER_OTLP_HEADERS: "s3cret" },
    { OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer s3cret,oops" },
    { OTEL_EXPORTER_OTLP_LOGS_HEADERS: "authorization=s3cret" },
  ] as Record<string, string>[]) {
    const { fatalProblems, notices, env, traceSettings } = await settings(environment);
    const sentences = [...fatalProblems, ...notices, env.loki?.setting, traceSettings.receiver.setting].join(
      "\n",
    );
    assert.doesNotMatch(sentences, /s3cr/, sentences);
  }
});

test("a header value that a receiver repeats is hidden, but not a single word of it", async () => {
  await settings({ OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t0ken-t0ken,x-tenant=spans" });
  assert.equal(withoutSecrets("Bearer t0ken-t0ken, t0ken-t0ken: no spans"), "***, ***: no spans");
});

test("the name of the service may come from the resource attributes", async () => {
  const { serviceName, hasServiceName } = await settings({
    OTEL_SERVICE_NAME: "",
    OTEL_RESOURCE_ATTRIBUTES: "service.version=1, service.name=my%20shop",
  });
  assert.deepEqual([serviceName, hasServiceName], ["my shop", true]);
});

test("exactly the instrumentations of the package can be selected", () => {
  const [modules = ""] = createRequire(import.meta.url)
    .resolve("@opentelemetry/api")
    .split("api/");
  const installed = readdirSync(modules).filter((name) => name.startsWith("instrumentation-"));
  assert.deepEqual(
    [...INSTRUMENTATIONS].sort(),
    installed.map((name) => name.slice("instrumentation-".length)).sort(),
  );
});

test("the attributes that identify a replica become fields of log lines", async () => {
  const list =
    "service.namespace=lab,k8s.pod.name=gateway-7d4b9-x2x, k8s.node.name = node%201 ,k8s.namespace.name=pspd,x.k8s.y=z,service.instance.id=a-2";
  const { replicaFields } = await settings({ OTEL_RESOURCE_ATTRIBUTES: list });
  assert.deepEqual(replicaFields, {
    "k8s.pod.name": "gateway-7d4b9-x2x",
    "k8s.node.name": "node 1",
    "k8s.namespace.name": "pspd",
    "service.instance.id": "a-2",
  });
  assert.deepEqual((await settings({})).replicaFields, {});
});
