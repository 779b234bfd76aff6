import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { fields } from "../../../packages/telemetry/test/wire.ts";

/**
 * Receivers of spans (OTLP/gRPC) and log lines (Loki's push API), which accept and count everything. They run in a
 * separate process with IPC, so that their cost is not counted for the application.
 */
let spans = 0;
let lines = 0;

const inside = (messages: Uint8Array[], field: number) =>
  messages.flatMap((message) =>
    [...fields(message)].flatMap(([found, value]) => (found === field ? [value] : [])),
  );

const same = (bytes: Buffer) => bytes;
const collector = new Server();
collector.addService(
  {
    export: {
      path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  {
    export: (call: { request: Buffer }, reply: (error: null, response: Buffer) => void) => {
      spans += inside(inside(inside([call.request], 1), 2), 2).length; // resource spans, scope spans, spans
      reply(null, Buffer.alloc(0));
    },
  },
);

const loki = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body: { streams: { values: unknown[] }[] } = JSON.parse(Buffer.concat(chunks).toString());
  for (const { values } of body.streams) lines += values.length;
  response.writeHead(204).end();
});

collector.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, otlp) => {
  if (error) throw error;
  loki.listen(0, "127.0.0.1", () =>
    process.send?.({
      otlp: `http://127.0.0.1:${otlp}`,
      loki: `http://127.0.0.1:${(loki.address() as AddressInfo).port}`,
    }),
  );
});

process.on("message", () => process.send?.({ spans, lines }));
process.on("disconnect", () => process.exit());
