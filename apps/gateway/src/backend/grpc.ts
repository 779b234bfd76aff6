import { type ChannelOptions, type Client, credentials, Metadata } from "@grpc/grpc-js";
import { ServiceAClient, ServiceAService, ServiceBClient, ServiceBService } from "@lgtm-lab/contracts/proto";
import type { Call } from "@lgtm-lab/kit";
import { clientInterceptors, initRpcMethods } from "@lgtm-lab/telemetry/grpc";
import { connectionTo } from "../wire/http2-connections.ts";
import type { SharedConnection } from "../wire/shared-connection.ts";
import type { Backend } from "./backend.ts";
import { fromGrpc } from "./grpc-errors.ts";
import { isServing } from "./grpc-health.ts";

/**
 * grpc-js doubles its reconnect delay up to two minutes; a service that is back shall be used at once. By default it also
 * sends every address, loopback included, through the environment's proxy; A and B are part of the same system.
 */
const CHANNEL: ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
};

/** A and B over gRPC, at `host:port` each. */
export function grpcBackend(addressA: string, addressB: string): Backend {
  for (const definition of [ServiceAService, ServiceBService]) initRpcMethods("client", definition);
  const options = { ...CHANNEL, interceptors: clientInterceptors() };
  const a = new ServiceAClient(addressA, credentials.createInsecure(), options);
  const b = new ServiceBClient(addressB, credentials.createInsecure(), options);
  const [wireA, wireB] = [connectionTo(addressA), connectionTo(addressB)];
  return {
    greet: ({ name }, call) =>
      new Promise((resolve, reject) => {
        const end = begin(wireA.connection, call).end;
        const request = a.sayHello(
          { name },
          new Metadata(),
          { deadline: deadlineOf(call) },
          (error, reply) => {
            call.signal.removeEventListener("abort", cancel);
            end();
            if (error) reject(fromGrpc(error, "service-a", call));
            else resolve(reply.message);
          },
        );
        const cancel = () => request.cancel();
        call.signal.addEventListener("abort", cancel);
        if (call.signal.aborted) cancel();
      }),

    async *stream({ count, delay_ms }, call) {
      const { heard, end } = begin(wireB.connection, call);
      const stream = b.streamNumbers({ count, delayMs: delay_ms }, { deadline: deadlineOf(call) });
      const cancel = () => stream.cancel();
      call.signal.addEventListener("abort", cancel);
      if (call.signal.aborted) cancel();
      let received = 0;
      try {
        for await (const { value } of stream) {
          received += 1;
          heard();
          yield value;
        }
      } catch (error) {
        throw fromGrpc(error, "service-b", call, received);
      } finally {
        call.signal.removeEventListener("abort", cancel);
        end();
        // Whoever stops reading before the end must stop B too. After the end this does nothing.
        stream.cancel();
      }
    },

    async probe() {
      const serving = (client: Client) => isServing(client);
      const [upA, upB] = await Promise.all([serving(a), serving(b)]);
      return { "service-a": upA, "service-b": upB };
    },

    close() {
      for (const client of [a, b]) client.close();
      for (const wire of [wireA, wireB]) wire.release();
    },
  };
}

/** Begins to measure one call. */
function begin(connection: SharedConnection, call: Call) {
  const start = performance.now();
  const upstream = connection.begin("grpc");
  call.upstream = upstream;
  return {
    heard: () => connection.heard(upstream),
    end: () => {
      upstream.ms = performance.now() - start;
      connection.end(upstream);
    },
  };
}

const deadlineOf = (call: Call): number => Date.now() + call.remainingMs();
