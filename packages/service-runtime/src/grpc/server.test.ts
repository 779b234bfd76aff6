import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import {
  Client,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import {
  HelloRequest,
  ServiceAClient,
  ServiceAService,
  ServiceBService,
  StreamRequest,
} from "@lgtm-lab/contracts/proto";
import { Faults } from "@lgtm-lab/faults";
import { Lifecycle } from "@lgtm-lab/service-runtime";
import { type GrpcServer, startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import fc from "fast-check";
import { service as health } from "grpc-health-check";
import { serviceA } from "../../../../apps/service-a/src/grpc.ts";
import { serviceB } from "../../../../apps/service-b/src/grpc.ts";

const never = new AbortController().signal;

/** Queries the standard health service, as an orchestrator does. */
function check(address: string, service: string): Promise<unknown> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = health.Check as NonNullable<
    (typeof health)[string]
  >;
  const read = responseDeserialize as (bytes: Buffer) => { status: unknown };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, read, { service }, (error, reply) => {
      client.close();
      if (error) reject(error);
      else resolve(reply?.status);
    });
  });
}

/** Returns the services that a server lists by reflection, as grpcurl queries them. */
async function listServices(address: string, version: "v1" | "v1alpha"): Promise<string[]> {
  const packageRoot = dirname(createRequire(import.meta.url).resolve("@grpc/reflection/package.json"));
  const proto = join(packageRoot, `build/proto/grpc/reflection/${version}/reflection.proto`);
  const loaded = loadPackageDefinition(loadSync(proto)) as unknown as {
    grpc: { reflection: Record<string, { ServerReflection: ServiceClientConstructor }> };
  };
  const Reflection = loaded.grpc.reflection[version]?.ServerReflection;
  assert.ok(Reflection);
  const client = new Reflection(address, credentials.createInsecure());
  const stream = client.ServerReflectionInfo?.() as ReturnType<Client["makeBidiStreamRequest"]>;
  stream.write({ listServices: "*" });
  const [response] = (await once(stream, "data")) as [
    { listServicesResponse: { service: { name: string }[] } },
  ];
  stream.end();
  client.close();
  return response.listServicesResponse.service.map(({ name }) => name);
}

describe("a gRPC server", () => {
  let server: GrpcServer;
  let address: string;
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();

  before(async () => {
    server = await startGrpcServer({
      name: "pspd.ServiceA",
      definition: ServiceAService,
      implementation: {
        async sayHello(_call: unknown, reply: (error: null, message: { message: string }) => void) {
          arrived.resolve();
          await release.promise;
          reply(null, { message: "complete" });
        },
      },
      host: "127.0.0.1",
      port: 0,
    });
    address = `127.0.0.1:${server.port}`;
  });
  after(() => release.resolve());

  it("reports that it serves, for the server and for its service", async () => {
    for (const service of ["", "pspd.ServiceA"])
      assert.ok(["SERVING", 1].includes((await check(address, service)) as never));
  });

  it("reports an unknown service as NOT_FOUND", async () => {
    await assert.rejects(check(address, "pspd.Nope"), { code: status.NOT_FOUND });
  });

  for (const version of ["v1", "v1alpha"] as const)
    it(`lists its services by reflection ${version}`, async () => {
      assert.ok((await listServices(address, version)).includes("pspd.ServiceA"));
    });

  it("completes a running call while it drains, and accepts no new one", async () => {
    const client = new ServiceAClient(address, credentials.createInsecure());
    const response = new Promise<string>((resolve, reject) => {
      client.sayHello({ name: "Ana" }, (error, reply) => (error ? reject(error) : resolve(reply.message)));
    });
    await arrived.promise;
    const drained = server.drain(never);
    await assert.rejects(check(address, ""), /UNAVAILABLE/);
    release.resolve();
    assert.equal(await response, "complete");
    client.close();
    await drained;
  });
});

describe("a gRPC server that stops", () => {
  it("closes the connections of peers that are not gRPC clients when the signal aborts", async () => {
    const server = await startGrpcServer({
      name: "pspd.ServiceA",
      definition: ServiceAService,
      implementation: {},
      host: "127.0.0.1",
      port: 0,
    });
    const silent = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    await once(silent, "connect");
    const tooLate = AbortSignal.timeout(3_000);
    tooLate.addEventListener("abort", () => silent.destroy());
    await server.drain(AbortSignal.timeout(100));
    assert.equal(tooLate.aborted, false, "it waited for the peer");
    silent.destroy();
  });
});

describe("arbitrary requests", () => {
  const lifecycle = new Lifecycle();
  const services = [
    {
      name: "pspd.ServiceA",
      definition: ServiceAService,
      implementation: { ...serviceA(lifecycle, new Faults({})) },
      valid: HelloRequest.encode({ name: "Ana" }).finish(),
    },
    {
      name: "pspd.ServiceB",
      definition: ServiceBService,
      implementation: { ...serviceB(lifecycle, { stream: () => [1, 2, 3] }) },
      valid: StreamRequest.encode({ count: 3, delayMs: 0 }).finish(),
    },
  ];

  /** A message as gRPC sends it: whether it is compressed, its length, its bytes. */
  function message(content: Uint8Array, { flag = 0, length = content.length } = {}): Buffer {
    const header = Buffer.alloc(5);
    header[0] = flag;
    header.writeUInt32BE(length, 1);
    return Buffer.concat([header, content]);
  }

  const bytes = fc.uint8Array({ maxLength: 300 });
  const contentOf = (valid: Uint8Array) =>
    fc.oneof(
      bytes.map((each) => message(each)),
      // A string that is not UTF-8, lengths beyond the end, unknown fields and types.
      fc.tuple(bytes, fc.nat(valid.length)).map(([some, at]) => {
        const garbled = Buffer.from(valid);
        garbled.set(some.subarray(0, valid.length - at), at);
        return message(garbled);
      }),
      fc
        .tuple(bytes, fc.constantFrom(0, 1, 255), fc.nat(2 ** 32 - 1))
        .map(([each, flag, length]) => message(each, { flag, length })),
      fc
        .array(bytes, { maxLength: 3 })
        .map((messages) => Buffer.concat(messages.map((each) => message(each)))),
      bytes.map((each) => Buffer.from(each)),
      fc.constantFrom(
        message(Buffer.alloc(5_000_000)),
        message(gzipSync(Buffer.alloc(20_000_000)), { flag: 1 }),
      ),
    );
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });
  const metadata = fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        "baggage",
        "content-type",
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-timeout",
        "grpc-trace-bin",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-bin",
      ),
      fc.stringMatching(/^x-[a-z0-9_.-]{0,20}$/),
    ),
    fc.oneof(text, fc.constantFrom("application/grpc", "gzip", "identity", "1n", "1S", "99999999H")),
    { maxKeys: 6 },
  );

  /** The statuses that a client can cause, and how their messages begin. Any other is an error of the server. */
  const expected = [
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND Health status unknown for service",
    "UNIMPLEMENTED",
    "RESOURCE_EXHAUSTED Received message",
    "DEADLINE_EXCEEDED",
    "INTERNAL Error deserializing request",
    "INTERNAL Invalid grpc-timeout value",
    "INTERNAL Failed to decompress message",
    "HTTP 415",
  ];

  for (const { valid, ...service } of services)
    it(`get an expected status, and the server still answers valid requests (${service.name})`, {
      timeout: 60_000,
    }, async (t) => {
      const server = await startGrpcServer({ ...service, host: "127.0.0.1", port: 0 });
      t.after(() => server.drain(AbortSignal.timeout(0)));
      const address = `127.0.0.1:${server.port}`;
      const [method = ""] = Object.values(service.definition).map(({ path }) => path);
      const path = fc.oneof(
        { arbitrary: fc.constant(method), weight: 5 },
        fc.constantFrom(
          "/grpc.health.v1.Health/Check",
          "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
          "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
          `/${service.name}/Nope`,
          "/",
        ),
      );
      const seen = new Set<string | undefined>();
      await fc.assert(
        fc.asyncProperty(path, metadata, contentOf(valid), async (to, fields, content) => {
          const outcome = await send(address, to, fields, content);
          const kind = expected.find((each) => outcome.startsWith(each));
          assert.ok(kind, outcome);
          seen.add(kind);
        }),
        { numRuns: 400 },
      );
      for (const kind of ["OK", "UNIMPLEMENTED", "INTERNAL Error deserializing request"])
        assert.ok(seen.has(kind), kind);
      assert.equal(await send(address, method, {}, message(valid)), "OK");
    });

  /** Sends a request. Returns the name and the message of its status, or the status of HTTP. */
  async function send(address: string, path: string, fields: object, content: Buffer): Promise<string> {
    const session = connectHttp2(`http://${address}`);
    session.on("error", () => {});
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...fields,
    });
    stream.on("error", () => {});
    let received: IncomingHttpHeaders = {};
    const add = (headers: IncomingHttpHeaders) => {
      received = { ...received, ...headers };
    };
    stream.on("response", add).on("trailers", add);
    stream.resume().end(content);
    await new Promise((resolve) => stream.once("close", resolve)); // also after a reset
    session.destroy();
    const { "grpc-status": code, "grpc-message": text = "", ":status": httpStatus } = received;
    if (code === undefined) return `HTTP ${httpStatus}, reset with ${stream.rstCode}`;
    const name = String(status[Number(code)]);
    return name === text ? name : `${name} ${decodeURIComponent(String(text))}`;
  }
});
