import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  Client,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ServiceAClient, ServiceAService } from "@lgtm-lab/contracts/proto";
import { type GrpcServer, startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import { service as health } from "grpc-health-check";

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
