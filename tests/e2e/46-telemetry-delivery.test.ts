import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { hostPort, lab, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { traceOf } from "./support/tempo.ts";
import { within } from "./support/within.ts";

const PACKAGE = join(import.meta.dirname, "../../packages/telemetry");

/** Runs test/fixtures/clock.ts as the service `name`. Returns its first log line. */
async function runClockFixture(
  name: string,
  offsets: string[],
  env: Record<string, string>,
): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--import", "@lgtm-lab/telemetry/register", "test/fixtures/clock.ts", ...offsets],
    {
      cwd: PACKAGE,
      timeout: 20_000,
      env: { OTEL_SERVICE_NAME: name, LOKI_URL: (await lab()).address("loki"), ...env },
    },
  );
  assert.equal(stderr, "");
  return JSON.parse(stdout.split("\n")[0] ?? "");
}

/** The successive offsets of a process's clock, in minutes. */
const CLOCKS = [
  ["0", "-20"],
  ["0", "-1440"],
  ["0", "20", "0"],
  ["0", "1440", "0"],
  ["0", "-20", "-90", "-1440", "0"],
  ["0", "-525600"],
  ["1440", "0"],
];

describe("a process whose clock steps", () => {
  for (const [index, offsets] of CLOCKS.entries())
    it(`has all its lines in Loki, under its real trace id: clock offsets of ${offsets.join(", then ")} minutes`, async () => {
      const name = `clock-${index}`;
      const { trace_id } = await runClockFixture(name, offsets, { OTEL_TRACES_EXPORTER: "none" });
      const expected = offsets.flatMap((minutes) => [1, 2, 3].map((line) => `${minutes}/${line}`));
      const { loki } = await urls();
      const found = await within(`log lines of ${name}`, 2000, async () => {
        const stored = await lines(loki, `{service_name="${name}"} | trace_id="${trace_id}"`, 2 * 3_600_000);
        return stored.length >= expected.length && stored;
      });
      const stored = found.map(({ json }) => String(json.tick));
      assert.deepEqual(stored.toSorted(), expected.toSorted());
      for (const minutes of offsets)
        assert.deepEqual(
          stored.filter((tick) => tick.startsWith(`${minutes}/`)),
          expected.filter((tick) => tick.startsWith(`${minutes}/`)),
        );
    });
});

describe("the protocol in OTEL_EXPORTER_OTLP_PROTOCOL", () => {
  for (const [protocol, port] of [
    ["grpc", "OTELCOL_GRPC_PORT"],
    ["http/protobuf", "OTELCOL_HTTP_PORT"],
    ["http/json", "OTELCOL_HTTP_PORT"],
  ] as const)
    it(`delivers spans through the collector: ${protocol}`, async () => {
      const name = `by-${protocol.replace("/", "-")}`;
      const { trace_id } = await runClockFixture(name, ["0"], {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await hostPort(port)}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      });
      const { tempo } = await urls();
      const [span] = await within(`trace of ${name}`, 1000, () => traceOf(tempo, String(trace_id), [name]));
      assert.equal(span?.name, "ticks");
    });
});
