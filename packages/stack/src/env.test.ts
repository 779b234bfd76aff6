import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readEnvironment } from "./env.ts";
import { BLOCKED_PORTS, DEFAULT_PORTS, PORT_VARIABLES } from "./ports.ts";

test("without variables the documented defaults apply", () => {
  const { ports, trafficRps, stateFolder } = readEnvironment({});
  assert.equal(ports.GATEWAY_PORT, 8080);
  assert.equal(ports.TEMPO_OTLP_PORT, 4319);
  assert.equal(trafficRps, 4);
  assert.match(stateFolder, /\/\.lab$/);
});

test("a variable changes its port; an empty one counts as not set", () => {
  const { ports } = readEnvironment({ LOKI_PORT: "13100", TEMPO_PORT: "" });
  assert.equal(ports.LOKI_PORT, 13100);
  assert.equal(ports.TEMPO_PORT, 3200);
});

for (const value of ["abc", "0", "65536", "3100.5", "-1", "3100 3101", "1e3", "0x50"]) {
  test(`LOKI_PORT=${value} is rejected, and the message names the variable`, () => {
    const expected = new RegExp(`^LOKI_PORT=${value} is not valid: it must be a port number`);
    assert.throws(() => readEnvironment({ LOKI_PORT: value }), { message: expected });
  });
}

const ORIGINS =
  "a comma-separated list of origins such as http://localhost:5173; * allows every origin, none allows no origin";

for (const [name, value, rule] of [
  ["LAB_TRAFFIC_RPS", "fast", "a number from 0.1 to 1000"],
  ["LAB_TRAFFIC_RPS", "0", "a number from 0.1 to 1000"],
  ["LAB_TRAFFIC_RPS", "5000", "a number from 0.1 to 1000"],
  ["LAB_SLO_PROFILE", "test", "demo or production"],
  ["LAB_HOSTS_MBIT", "0", "a number from 1 to 10000"],
  ["LAB_HOSTS_DELAY_MS", "1ms", "a number from 0 to 1000"],
  ["LAB_HOSTS_LOSS_PERCENT", "51", "a number from 0 to 50"],
  ["OTELCOL_CORS_ORIGINS", "localhost:3000", ORIGINS],
  ["OTELCOL_CORS_ORIGINS", "http://localhost:3000/", ORIGINS],
  ["OTELCOL_CORS_ORIGINS", "http://a.example http://b.example", ORIGINS],
  ["OTELCOL_CORS_ORIGINS", "http://a.example,", ORIGINS],
  ["OTELCOL_CORS_ORIGINS", "http://*.example:*", ORIGINS],
  ["TEMPO_MAX_ACTIVE_SERIES", "0", "a whole number from 1 to 4294967295"],
  ["TEMPO_MAX_ACTIVE_SERIES", "20k", "a whole number from 1 to 4294967295"],
  ["LOKI_MAX_STREAMS", "1e4", "a whole number from 1 to 4294967295"],
  ["LOKI_MAX_STREAMS", "4294967296", "a whole number from 1 to 4294967295"],
] as const) {
  test(`${name}=${value} is rejected with a complete sentence`, () => {
    const message = `${name}=${value} is not valid: it must be ${rule}.`;
    assert.throws(() => readEnvironment({ [name]: value }), { message });
  });
}

test("two variables with the same port are rejected, and both are named", () => {
  assert.throws(() => readEnvironment({ LOKI_PORT: "8080" }), /GATEWAY_PORT and LOKI_PORT are both 8080/);
});

test("OTEL_EXPORTER_OTLP_PROTOCOL reaches the services only together with an endpoint", () => {
  const protocol = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" };
  assert.deepEqual(readEnvironment({ ...protocol, OTEL_EXPORTER_OTLP_ENDPOINT: "" }).telemetry, {});
  const withEndpoint = { ...protocol, OTEL_EXPORTER_OTLP_ENDPOINT: "http://elsewhere:4318" };
  assert.deepEqual(readEnvironment(withEndpoint).telemetry, withEndpoint);
});

test("an empty LOKI_URL reaches the services: lines then go to stdout only", () => {
  assert.deepEqual(readEnvironment({ LOKI_URL: "", LOG_LEVEL: "" }).telemetry, { LOKI_URL: "" });
  assert.deepEqual(readEnvironment({ LOKI_URL: undefined }).telemetry, {});
});

test("telemetry settings reach the services, except OTEL_SERVICE_NAME", () => {
  const { telemetry, paths, basic } = readEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://elsewhere:4317",
    OTEL_SERVICE_NAME: "another",
    LOG_LEVEL: "debug",
    TEMPO_BIN: "/opt/tempo",
    LAB_COMPOSE: "/opt/compose",
    SECRET: "not for children",
    HOME: "/root",
  });
  assert.deepEqual(telemetry, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://elsewhere:4317", LOG_LEVEL: "debug" });
  assert.deepEqual(paths, { TEMPO_BIN: "/opt/tempo", LAB_COMPOSE: "/opt/compose" });
  assert.deepEqual(basic, { HOME: "/root" });
});

test("settings of backends reach the one component that reads them, and an empty one counts as not set", () => {
  const { settings } = readEnvironment({
    OTELCOL_CORS_ORIGINS: "https://app.example, http://*.dev.example,http://[::1]:5173",
    TEMPO_MAX_ACTIVE_SERIES: "40000",
    LOKI_MAX_STREAMS: "100000",
  });
  assert.deepEqual(settings, {
    otelcol: { OTELCOL_CORS_ORIGINS: "https://app.example,http://*.dev.example,http://[::1]:5173" },
    tempo: { TEMPO_MAX_ACTIVE_SERIES: "40000" },
    loki: { LOKI_MAX_STREAMS: "100000" },
  });
  const empty = readEnvironment({
    OTELCOL_CORS_ORIGINS: "",
    TEMPO_MAX_ACTIVE_SERIES: "",
    LOKI_MAX_STREAMS: "",
  });
  assert.deepEqual(empty.settings, { otelcol: {}, tempo: {}, loki: {} });
});

test("the services get CORS_ORIGINS unchanged; a list that they would reject is rejected here", () => {
  assert.deepEqual(readEnvironment({}).serviceSettings, {});
  const CORS_ORIGINS = "https://lab.example.org, http://localhost:*";
  assert.deepEqual(readEnvironment({ CORS_ORIGINS }).serviceSettings, { CORS_ORIGINS });
  assert.throws(() => readEnvironment({ CORS_ORIGINS: "*" }), {
    message: /^CORS_ORIGINS=\* is not valid: it must be a comma-separated list of origins such as http:\/\//,
  });
});

/** Returns the ports that Node's own `fetch` blocks. This dispatcher gets the other requests, so none is sent. */
async function blockedByFetch(): Promise<number[]> {
  const dispatcher = {
    dispatch() {
      throw new Error("allowed");
    },
  };
  const blocked: number[] = [];
  for (let port = 1; port <= 65_535; port += 1) {
    const options = { dispatcher } as unknown as RequestInit;
    const { cause } = await fetch(`http://127.0.0.1:${port}/`, options).catch((error) => error);
    if (cause.message === "bad port") blocked.push(port);
    else assert.equal(cause.message, "allowed");
  }
  return blocked;
}

test("the ports that fetch blocks are known", async () => {
  assert.deepEqual([...BLOCKED_PORTS], await blockedByFetch());
});

for (const name of PORT_VARIABLES) {
  const speaksOnlyGrpc = /^(SERVICE_[AB]|LOKI|TEMPO|OTELCOL)_GRPC_PORT$|^TEMPO_OTLP_PORT$/.test(name);
  test(`${name}: a port that fetch blocks is ${speaksOnlyGrpc ? "allowed, since only gRPC opens it" : "rejected"}`, () => {
    for (const port of ["22", "6000", "10080"]) {
      if (speaksOnlyGrpc) assert.equal(readEnvironment({ [name]: port }).ports[name], Number(port));
      else
        assert.throws(() => readEnvironment({ [name]: port }), {
          message:
            `${name}=${port} cannot be used: browsers and fetch block port ${port} ` +
            `(https://fetch.spec.whatwg.org/#port-blocking); set another port, for example ${DEFAULT_PORTS[name]}.`,
        });
    }
  });
}

test("the services get DRAIN_MS unchanged; a time that they would reject is rejected here", () => {
  const { serviceSettings, drainMs } = readEnvironment({ DRAIN_MS: "15000" });
  assert.deepEqual([serviceSettings, drainMs], [{ DRAIN_MS: "15000" }, 15_000]);
  assert.throws(() => readEnvironment({ DRAIN_MS: "1m" }), {
    message: /^DRAIN_MS=1m is not valid: it must be a whole number from 0 to 300000/,
  });
});

test("several ports that fetch blocks are all named", () => {
  const message = /^CONSOLE_PORT=6667 .*\nGATEWAY_PORT=10080 /;
  assert.throws(() => readEnvironment({ CONSOLE_PORT: "6667", GATEWAY_PORT: "10080" }), { message });
});

test("the gateways get the settings of their mechanisms unchanged", () => {
  const given = {
    UPSTREAM_RETRIES: "2",
    SERVICE_A_GRPC: "127.0.0.1:50051,127.0.0.1:1",
    SERVICE_B_BALANCING: "hash",
    BALANCING_KEY: "x-user",
    SERVICE_A_BALANCING_KEY: "client-address",
    HELLO_FALLBACK: "on",
    AUTH_ISSUER: "https://issuer.example",
    AUTH_SKEW_S: "0",
    RATE_LIMIT: "20",
    RATE_LIMIT_BURST: "50",
    RATE_LIMIT_KEY: "x-user",
    HELLO_CACHE_MS: "1000",
    REQUEST_ID: "on",
    SECURITY_HEADERS: "on",
    ROUTES_FILE: "/etc/routes.yaml",
  };
  assert.deepEqual(readEnvironment({ ...given, SERVICE_A_GRPC_PORT: "1234" }).serviceSettings, given);
});

test("the routes file is relative to the working directory", () =>
  assert.deepEqual(readEnvironment({ ROUTES_FILE: "my/routes.yaml" }).serviceSettings, {
    ROUTES_FILE: join(process.cwd(), "my/routes.yaml"),
  }));
