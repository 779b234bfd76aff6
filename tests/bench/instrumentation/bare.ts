import { createServer, type ServerResponse } from "node:http";
import { credentials, Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  ServiceAClient,
  type ServiceAServer,
  ServiceAService,
  ServiceBClient,
  type ServiceBServer,
  ServiceBService,
} from "@lgtm-lab/contracts/proto";
import { environment } from "../../runner/env.ts";

/**
 * A gateway or a service with the least code that answers the requests of the benchmark: node:http and grpc-js, without
 * checks, faults, limits or telemetry. `argv[2]` is its role. The addresses are in the same variables as in the lab.
 */
const { PORT, GRPC_PORT, SERVICE_A_GRPC = "", SERVICE_B_GRPC = "" } = environment;
const DEADLINE_MS = 2_000;

function startGateway(): void {
  const a = new ServiceAClient(SERVICE_A_GRPC, credentials.createInsecure());
  const b = new ServiceBClient(SERVICE_B_GRPC, credentials.createInsecure());
  const deadline = () => ({ deadline: Date.now() + DEADLINE_MS });
  createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname === "/a/hello") {
      a.sayHello({ name: searchParams.get("name") ?? "" }, new Metadata(), deadline(), (error, reply) => {
        if (error) respond(response, 502, { error: error.message });
        else respond(response, 200, { from: "A", message: reply.message });
      });
    } else if (pathname === "/b/numbers") {
      const values: number[] = [];
      b.streamNumbers({ count: Number(searchParams.get("count")), delayMs: 0 }, deadline())
        .on("data", ({ value }) => values.push(value))
        .on("error", (error) => respond(response, 502, { error: error.message }))
        .on("end", () => {
          // grpc-js also ends a stream that has failed.
          if (!response.headersSent) respond(response, 200, { from: "B", values });
        });
    } else respond(response, 404, {});
  }).listen(Number(PORT), "127.0.0.1");
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function startServices(): void {
  const a: ServiceAServer = {
    sayHello: ({ request }, reply) => reply(null, { message: `Olá, ${request.name}! [A]` }),
  };
  const b: ServiceBServer = {
    streamNumbers: (stream) => {
      for (let value = 1; value <= stream.request.count; value += 1) stream.write({ value });
      stream.end();
    },
  };
  const server = new Server();
  server.addService(ServiceAService, { ...a });
  server.addService(ServiceBService, { ...b });
  server.bindAsync(`127.0.0.1:${GRPC_PORT}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}

if (process.argv[2] === "gateway") startGateway();
else startServices();
