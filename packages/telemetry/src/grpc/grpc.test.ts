// First, as in `register`: later imports of @grpc/grpc-js must find it patched.
import "../tracing/instrumentations.ts";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import type { Readable } from "node:stream";
import { after, afterEach, before, test } from "node:test";
import {
  type Client,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { durationMs, line, loggedLines, reset, sample, span, waitForResult } from "../../test/in-memory.ts";
import { clientInterceptors, initRpcMethods, serverInterceptors } from "./index.ts";

const text = {
  serialize: (value: string) => Buffer.from(value),
  deserialize: (bytes: Buffer) => bytes.toString(),
};
const method = (path: string, responseStream: boolean) => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
});
const Tested = {
  say: method("/test.Tested/Say", false),
  count: method("/test.Tested/Count", true),
  gather: { ...method("/test.Tested/Gather", false), requestStream: true },
};
const Health = { check: method("/grpc.health.v1.Health/Check", false) };

let sayCalls = 0;

function say(call: ServerUnaryCall<string, string>, reply: sendUnaryData<string>): void {
  sayCalls += 1;
  if (call.request === "bad") reply({ code: status.INVALID_ARGUMENT, details: "bad name" });
  else if (call.request === "broken") reply({ code: status.INTERNAL, details: "broken" });
  else if (call.request !== "never") reply(null, `hello ${call.request}`);
}

/** "3": three messages, 20 ms apart. "3 break": then an error. "3 stall": then nothing. */
function count(call: ServerWritableStream<string, string>): void {
  const [wanted, then] = call.request.split(" ");
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    call.write(String(sent));
    if (sent < Number(wanted)) return;
    clearInterval(timer);
    if (then === "break") call.emit("error", { code: status.INTERNAL, details: "broke" });
    else if (then !== "stall") call.end();
  }, 20);
  // As many handlers do, it stops without ending the call.
  call.on("cancelled", () => clearInterval(timer));
}

type Reply = (error: ServiceError | null, response?: string) => void;
interface TestedClient extends Client {
  say(name: string, options: { deadline?: number }, reply: Reply): void;
  count(what: string, options?: { deadline?: number }): ClientReadableStream<string>;
  gather(reply: Reply): ClientWritableStream<string>;
}

const server = new Server({
  interceptors: serverInterceptors(),
  "grpc.max_receive_message_length": 1_000,
});
server.addService(Tested, { say, count, gather: (call: Readable) => call.resume() });
server.addService(Health, { check: (_call: unknown, reply: Reply) => reply(null, "SERVING") });
initRpcMethods("server", { ...Tested, ...Health });
initRpcMethods("client", Tested);
let client: TestedClient;
let address = "";
let health: Client & { check(name: string, reply: Reply): void };

const listen = (to: Server) =>
  new Promise<number>((resolve, reject) =>
    to.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );

before(async () => {
  const port = await listen(server);
  address = `127.0.0.1:${port}`;
  const connectTo = (service: typeof Tested | typeof Health, name: string) =>
    new (makeGenericClientConstructor(service, name))(address, credentials.createInsecure(), {
      interceptors: clientInterceptors(),
    });
  client = connectTo(Tested, "test.Tested") as unknown as TestedClient;
  health = connectTo(Health, "grpc.health.v1.Health") as unknown as typeof health;
});
after(() => {
  client.close();
  health.close();
  server.forceShutdown();
});
afterEach(reset);

const call = (name: string, options: { deadline?: number } = {}) =>
  new Promise<{ error: ServiceError | null; response?: string | undefined }>((resolve) =>
    client.say(name, options, (error, response) => resolve({ error, response })),
  );

async function drain(stream: ClientReadableStream<string>): Promise<{ values: string[]; code: status }> {
  const values: string[] = [];
  try {
    for await (const value of stream) values.push(value as string);
    return { values, code: status.OK };
  } catch (error) {
    return { values, code: (error as ServiceError).code };
  }
}

const SERVER = 1;
const CLIENT = 2;
const spanOf = (kind: number, name: string) => span((one) => one.kind === kind && one.name === name);
const calls = (side: string, name: string, code: string) =>
  sample(
    `rpc_${side}_call_duration_seconds_count{rpc_method="test.Tested/${name}",rpc_response_status_code="${code}"}`,
  );
const stream = (side: string, metric: string) =>
  sample(`rpc_${side}_stream_${metric}{rpc_method="test.Tested/Count"}`);

test("every method starts at 0; gRPC's own services have no series", async () => {
  for (const side of ["server", "client"]) {
    assert.equal(await calls(side, "Say", "OK"), 0);
    assert.equal(await calls(side, "Count", "DEADLINE_EXCEEDED"), 0);
    assert.equal(await stream(side, "cancellations_total"), 0);
    assert.equal(await stream(side, "errors_total"), 0);
  }
  const text = await (await import("../index.ts")).registry.metrics();
  assert.ok(!text.includes("grpc.health"));
});

test("a unary call is a client span and its server child, in current conventions, a sample on both sides, and a log line", async () => {
  assert.equal((await call("ana")).response, "hello ana");
  const parent = await spanOf(CLIENT, "test.Tested/Say");
  const child = await spanOf(SERVER, "test.Tested/Say");
  assert.equal(child.parentSpanContext?.spanId, parent.spanContext().spanId);
  for (const { attributes } of [parent, child]) {
    assert.equal(attributes["rpc.system.name"], "grpc");
    assert.equal(attributes["rpc.method"], "test.Tested/Say");
    assert.equal(attributes["rpc.response.status_code"], "OK");
  }
  assert.equal(await calls("server", "Say", "OK"), 1);
  assert.equal(await calls("client", "Say", "OK"), 1);
  const logged = await line(({ msg }) => msg === "call");
  assert.equal(logged.trace_id, child.spanContext().traceId);
  assert.equal(logged.span_id, child.spanContext().spanId);
  assert.equal(logged.rpc_response_status_code, "OK");
  assert.equal(loggedLines().length, 1, "a client logs only failed calls");
});

test("an invalid call is an error for the client, not of the server", async () => {
  assert.equal((await call("bad")).error?.code, status.INVALID_ARGUMENT);
  assert.equal((await spanOf(SERVER, "test.Tested/Say")).status.code, 0);
  assert.equal((await spanOf(CLIENT, "test.Tested/Say")).status.code, 2);
  assert.equal((await line(({ msg }) => msg === "call")).level, "info");
  const failed = await line(({ msg }) => msg === "call failed");
  assert.deepEqual([failed.level, failed.details], ["warning", "bad name"]);
  assert.equal(await calls("server", "Say", "INVALID_ARGUMENT"), 1);
});

test("a server's failure is an error on both sides, logged with its details", async () => {
  await call("broken");
  const finished = await spanOf(SERVER, "test.Tested/Say");
  assert.deepEqual([finished.status.code, finished.attributes["error.type"]], [2, "INTERNAL"]);
  const failed = await line(({ level }) => level === "error");
  assert.deepEqual([failed.rpc_response_status_code, failed.details], ["INTERNAL", "broken"]);
});

test("an expired deadline is DEADLINE_EXCEEDED on both sides, also if the handler never responds", async () => {
  const { error } = await call("never", { deadline: Date.now() + 100 });
  assert.equal(error?.code, status.DEADLINE_EXCEEDED);
  await waitForResult(async () => (await calls("server", "Say", "DEADLINE_EXCEEDED")) === 1);
  assert.equal(await calls("client", "Say", "DEADLINE_EXCEEDED"), 1);
  const finished = await spanOf(SERVER, "test.Tested/Say");
  assert.equal(finished.attributes["rpc.response.status_code"], "DEADLINE_EXCEEDED");
  assert.equal(finished.status.code, 2);
});

test("a call that grpc-js ends itself has the same status in the span, the metric and the log line", async () => {
  const reply = Promise.withResolvers<ServiceError | null>();
  client.gather((error) => reply.resolve(error)).write("x".repeat(2_000));
  assert.equal((await reply.promise)?.code, status.RESOURCE_EXHAUSTED);
  const { rpc_response_status_code } = await line(({ msg }) => msg === "call");
  assert.equal(rpc_response_status_code, "RESOURCE_EXHAUSTED");
  assert.equal(await waitForResult(() => calls("server", "Gather", "RESOURCE_EXHAUSTED")), 1);
  const { attributes } = await spanOf(SERVER, "test.Tested/Gather");
  assert.equal(attributes["rpc.response.status_code"], "RESOURCE_EXHAUSTED");
});

test("a call whose metadata an interceptor of the app replaces has a span, and a log line with its ids", async (t) => {
  const clones: ServerInterceptor = (_definition, next) =>
    new ServerInterceptingCall(next, {
      start: (begin) => begin({ onReceiveMetadata: (metadata, pass) => pass(metadata.clone()) }),
    });
  const cloning = new Server({ interceptors: [...serverInterceptors(), clones] });
  cloning.addService(Tested, { say, count, gather: () => {} });
  const port = await listen(cloning);
  const Connected = makeGenericClientConstructor(Tested, "test.Tested");
  const to = new Connected(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as TestedClient;
  t.after(() => {
    to.close();
    cloning.forceShutdown();
  });
  to.say("never", { deadline: Date.now() + 50 }, () => {});
  const found = await spanOf(SERVER, "test.Tested/Say");
  assert.equal(found.attributes["rpc.response.status_code"], "DEADLINE_EXCEEDED");
  const { trace_id } = await line(({ msg }) => msg === "call failed");
  assert.equal(trace_id, found.spanContext().traceId);
});

test("the handler is not called if the deadline passes before the request is complete", async () => {
  const handled = sayCalls;
  const connection = connect(`http://${address}`);
  const say = (timeout: string) =>
    connection.request({
      ":method": "POST",
      ":path": "/test.Tested/Say",
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": timeout,
    });
  const text = Buffer.from("late");
  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), text]);
  const late = say("50m");
  late.write(message);
  const [headers] = await once(late, "response");
  assert.equal(Number(headers["grpc-status"]), status.DEADLINE_EXCEEDED);
  late.end();
  // The server reads the frames of a connection in order.
  const next = say("5S").end(message).resume();
  await once(next, "end");
  connection.destroy();
  assert.equal(sayCalls, handled + 1, "only the second call");
});

test("the spans of a stream last as long as the stream, on both sides", async () => {
  const { values } = await drain(client.count("4"));
  assert.deepEqual(values, ["1", "2", "3", "4"]);
  for (const [side, kind] of [
    ["server", SERVER],
    ["client", CLIENT],
  ] as const) {
    const finished = await spanOf(kind, "test.Tested/Count");
    const lasted = durationMs(finished) / 1000;
    assert.ok(lasted >= 0.075, `lasted ${lasted} s of 0.08`);
    assert.equal(finished.attributes["rpc.response.status_code"], "OK");
    assert.equal(await stream(side, "messages_sum"), 4);
    assert.equal(await stream(side, "messages_count"), 1);
    assert.equal(await stream(side, "time_to_first_message_seconds_count"), 1);
    const first = Number(await stream(side, "time_to_first_message_seconds_sum"));
    // The server sends three more messages in the next 60 ms. Node shortens an interval by the time that its last
    // callback took, and a busy client may receive all four messages at once.
    const rest = side === "server" ? 0.02 : 0;
    assert.ok(first >= 0.019 && first <= lasted - rest, `first message after ${first} s of ${lasted}`);
    assert.equal(await stream(side, "cancellations_total"), 0);
    assert.equal(await stream(side, "errors_total"), 0);
  }
});

test("a stream that breaks in the middle counts as a mid-stream error", async () => {
  assert.deepEqual(await drain(client.count("2 break")), { values: ["1", "2"], code: status.INTERNAL });
  assert.equal(
    (await spanOf(SERVER, "test.Tested/Count")).attributes["rpc.response.status_code"],
    "INTERNAL",
  );
  for (const side of ["server", "client"]) {
    assert.equal(await calls(side, "Count", "INTERNAL"), 1);
    assert.equal(await stream(side, "errors_total"), 1);
  }
});

test("a stream that its client cancels is CANCELLED, its server span ends then, and it is not an error of the server", async () => {
  const leaving = client.count("2 stall");
  leaving.on("data", (value) => value === "2" && leaving.cancel());
  assert.equal(
    (await new Promise<ServiceError>((failed) => leaving.on("error", failed))).code,
    status.CANCELLED,
  );
  const finished = await spanOf(SERVER, "test.Tested/Count");
  assert.equal(finished.attributes["rpc.response.status_code"], "CANCELLED");
  assert.equal(finished.status.code, 0);
  for (const side of ["server", "client"]) {
    assert.equal(await calls(side, "Count", "CANCELLED"), 1);
    assert.equal(await stream(side, "cancellations_total"), 1);
  }
  const levels = await waitForResult(
    () => loggedLines().length === 2 && loggedLines().map(({ level }) => level),
  );
  assert.deepEqual(levels, ["info", "info"]);
});

test("a stream that stalls is observed when its deadline expires", async () => {
  const deadline = Date.now() + 120;
  assert.equal((await drain(client.count("1 stall", { deadline }))).code, status.DEADLINE_EXCEEDED);
  await waitForResult(async () => (await calls("server", "Count", "DEADLINE_EXCEEDED")) === 1);
  const finished = await spanOf(SERVER, "test.Tested/Count");
  assert.equal(finished.attributes["rpc.response.status_code"], "DEADLINE_EXCEEDED");
  // The end of the call and not its duration: on a busy machine it reaches the server late. Timers may fire a
  // millisecond early.
  const [seconds, nanoseconds] = finished.endTime;
  assert.ok(seconds * 1000 + nanoseconds / 1e6 >= deadline - 2, "it lasts until the deadline");
});

test("health checks make no server span, no log line and no sample", async () => {
  assert.equal(
    await new Promise((resolve) => health.check("all", (_error, response) => resolve(response))),
    "SERVING",
  );
  await call("after");
  await line(({ rpc_method }) => rpc_method === "test.Tested/Say");
  const spans = (await import("../../test/in-memory.ts")).finishedSpans();
  assert.deepEqual(
    spans.map(({ name }) => name),
    ["test.Tested/Say", "test.Tested/Say"],
  );
  assert.equal(loggedLines().length, 1);
});
