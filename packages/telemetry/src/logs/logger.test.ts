import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { context, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";
import { StackContextManager } from "@opentelemetry/sdk-trace";
import { auditLogger } from "./audit.ts";
import { entryOf, META_KEY } from "./entry.ts";
import { logger, logIn, shipTo, timestamp } from "./logger.ts";

context.setGlobalContextManager(new StackContextManager().enable());

const SPAN: SpanContext = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: TraceFlags.SAMPLED,
};
const IDS = { trace_id: SPAN.traceId, span_id: SPAN.spanId };
const FORGED = { trace_id: "f".repeat(32), span_id: "e".repeat(16) };
const inSpan = (write: () => void) => context.with(trace.setSpanContext(ROOT_CONTEXT, SPAN), write);

const lines: string[] = [];
shipTo({ write: (line: string) => void lines.push(line) });
beforeEach(() => lines.splice(0));

/** Returns the ids in the text of the last line, and those that Loki gets. */
function written() {
  const [line = ""] = lines;
  const { trace_id, span_id } = JSON.parse(line);
  return {
    text: { trace_id, span_id },
    metadata: entryOf(line)[META_KEY],
    count: line.split('"trace_id":').length - 1,
  };
}

/** Ways in which an app may log its own ids. */
const CASES: Record<string, () => void> = {
  fields: () => logger.info(FORGED, "mine"),
  "one field": () => logger.warn({ trace_id: FORGED.trace_id }, "mine"),
  "a span id alone": () => logger.warn({ span_id: FORGED.span_id }, "mine"),
  "a child's bindings": () => logger.child(FORGED).info("mine"),
  "a grandchild's bindings": () => logger.child(FORGED).child({ step: 2 }).error({ a: 1 }, "mine"),
  "bindings and fields": () => logger.child({ trace_id: "other", a: 1 }).info(FORGED, "mine"),
};

for (const [name, log] of Object.entries(CASES))
  test(`inside a span a line has the ids of the span, even if an app logs others as ${name}`, () => {
    inSpan(log);
    assert.deepEqual(written(), { text: IDS, metadata: IDS, count: 1 });
  });

for (const name of ["fields", "a child's bindings", "a grandchild's bindings", "bindings and fields"])
  test(`outside a span a line has the ids that an app logs as ${name}`, () => {
    CASES[name]?.();
    assert.deepEqual(written(), { text: FORGED, metadata: FORGED, count: 1 });
  });

test("a child keeps its other bindings, and its own ids do not reach its parent", () => {
  const child = logger.child({ ...FORGED, user: { id: 1 } });
  child.info("from the child");
  logger.info("from the parent");
  assert.deepEqual(JSON.parse(lines[0] ?? "").user, { id: 1 });
  assert.equal(JSON.parse(lines[1] ?? "").trace_id, undefined);
});

test("ids inside other fields are not changed, and are not the line's ids", () => {
  const fields = { message: FORGED, list: [FORGED], err: new Error(JSON.stringify(FORGED)) };
  logger.info(fields, JSON.stringify(FORGED));
  inSpan(() => logger.info(fields, JSON.stringify(FORGED)));
  const [outside = "", inside = ""] = lines;
  assert.equal(entryOf(outside)[META_KEY], undefined);
  assert.deepEqual(entryOf(inside)[META_KEY], IDS);
  for (const line of [outside, inside]) assert.deepEqual(JSON.parse(line).message, FORGED);
});

test("a line of a span that is not the active one has that span's ids", () => {
  const other = { ...SPAN, spanId: "1111111111111111" };
  inSpan(() => logIn(other, () => logger.info("late")));
  assert.equal(written().metadata?.span_id, other.spanId);
  inSpan(() => logger.info("next"));
  assert.deepEqual(entryOf(lines[1] ?? "")[META_KEY], IDS);
});

const next = () => BigInt(timestamp().slice(',"time":"'.length, -1));
const MS = 1_000_000n;

test("timestamps follow the clock, in nanoseconds, and always increase", () => {
  const before = BigInt(Date.now()) * MS;
  const times = Array.from({ length: 10_000 }, next);
  const after = BigInt(Date.now() + 1) * MS;
  assert.ok((times[0] ?? 0n) >= before && (times.at(-1) ?? 0n) < after);
  assert.ok(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0n)));
});

test("timestamps do not go back if the clock is set back by up to a second", (t) => {
  const before = next();
  t.mock.timers.enable({ apis: ["Date"], now: Number(before / MS) - 900 });
  const times = [next(), next(), next()];
  assert.deepEqual(times, [before + 1n, before + 2n, before + 3n]);
});

for (const [step, minutes] of Object.entries({
  "2 seconds": 1 / 30,
  "20 minutes": 20,
  "a day": 1440,
  "to 1970": 3e7,
}))
  test(`timestamps follow a clock that is set back by ${step}, in order, and continue when it is corrected`, (t) => {
    const now = Date.now();
    const past = Math.max(1, now - minutes * 60_000);
    next();
    t.mock.timers.enable({ apis: ["Date"], now: past });
    const times = Array.from({ length: 1000 }, next);
    assert.deepEqual(
      times,
      times.map((_time, index) => BigInt(past) * MS + BigInt(index)),
    );
    assert.match(timestamp(), /^,"time":"\d{19}"$/);
    t.mock.timers.reset();
    assert.ok(next() >= BigInt(now) * MS);
  });

test("a line has the attributes k8s.* of the resource, but not the others", async () => {
  const code = `import { logger } from ${JSON.stringify(import.meta.resolve("./logger.ts"))}; logger.info("here")`;
  const env = {
    OTEL_SERVICE_NAME: "tested",
    OTEL_RESOURCE_ATTRIBUTES: "service.namespace=lab,k8s.pod.name=a-1,k8s.node.name=n",
  };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], {
    env,
  });
  const { level, time, ...fields } = JSON.parse(stdout);
  assert.deepEqual(fields, {
    service_name: "tested",
    "k8s.pod.name": "a-1",
    "k8s.node.name": "n",
    msg: "here",
  });
});

test("a line of the audit log is marked before anything that an app logs, and has the ids of the span", () => {
  inSpan(() => auditLogger.info({ subject: "ana", log: "other" }, "access"));
  const [line = ""] = lines;
  const { time, ...marked } = entryOf(line);
  assert.deepEqual(marked, { level: "info", [META_KEY]: IDS, log: "audit", line });
  logger.info({ log: "audit" }, "access");
  assert.equal(entryOf(lines[1] ?? "").log, undefined);
});

test("a line of the audit log is on stdout only if Loki cannot get it, whatever LOG_LEVEL is", async () => {
  const output = async (before: string) => {
    const code = `
      const { shipTo } = await import("./src/logs/logger.ts");
      const { auditLogger } = await import("./src/logs/audit.ts");
      ${before}
      auditLogger.info("access");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], {
      cwd: `${import.meta.dirname}/../..`,
      env: { LOG_LEVEL: "error" },
    });
    return stdout;
  };
  assert.match(await output(""), /"log":"audit",.*"msg":"access"/);
  assert.equal(await output("shipTo({ write() {} });"), "");
  const counted = "shipTo({ write: () => console.log('counted as lost') }, { isAlive: false });";
  assert.match(await output(counted), /counted as lost/);
  assert.match(await output(counted), /"msg":"access"/);
});
