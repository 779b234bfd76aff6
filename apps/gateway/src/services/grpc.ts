import {
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientOptions,
  credentials,
  Metadata,
} from "@grpc/grpc-js";
import {
  type NumberReply,
  ServiceAClient,
  ServiceAService,
  ServiceBClient,
  ServiceBService,
} from "@lgtm-lab/contracts/proto";
import { type Call, withoutStackTrace } from "@lgtm-lab/service-runtime";
import { clientInterceptors, initRpcMethods } from "@lgtm-lab/telemetry/grpc";
import { service as healthService } from "grpc-health-check";
import type { UpstreamTls } from "../link/tls.ts";
import { connectionTo, type SharedConnection } from "../wire/grpc-bytes.ts";
import { fromGrpc } from "./errors.ts";
import {
  type GreetingClient,
  type NumbersClient,
  PROBE_MS,
  type ProtocolClients,
} from "./service-clients.ts";

/**
 * By default grpc-js doubles its reconnect delay up to two minutes, but a service that is back must be used soon. It
 * also uses the proxy of the environment for all addresses, loopback included, which is wrong for A and B.
 */
const CHANNEL: ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
};

/** Returns the clients that call A and B over gRPC at addresses such as `host:port`, with TLS if it is given. */
export function grpcProtocol(tls?: UpstreamTls): ProtocolClients {
  for (const definition of [ServiceAService, ServiceBService]) initRpcMethods("client", definition);
  const to = (service: string) => tls?.credentials(service) ?? credentials.createInsecure();
  const [a, b] = [to("service-a"), to("service-b")];
  return {
    greeting: (address) => greeting(address, a),
    numbers: (address) => numbers(address, b),
    isAddress,
  };
}

/** Returns whether a text is `host:port`. */
const isAddress = (text: string): boolean => {
  const url = URL.parse(`tcp://${text}`);
  return url !== null && url.port !== "" && url.host === text;
};

const options = (): ClientOptions => ({ ...CHANNEL, interceptors: clientInterceptors() });

/*
 * Calls begin without the stack trace that grpc-js records in case the call fails. It takes a twentieth of the CPU time
 * of a request, and leads only to this file; the log line of a failed call has its trace id.
 */

function greeting(address: string, channel: ChannelCredentials): GreetingClient {
  const client = new ServiceAClient(address, channel, options());
  const { connection, release } = connectionTo(address);
  return {
    greet: ({ name }, call) =>
      new Promise((resolve, reject) => {
        const end = measure(connection, call).end;
        const request = withoutStackTrace(() =>
          client.sayHello({ name }, new Metadata(), { deadline: deadlineOf(call) }, (error, reply) => {
            end();
            if (error) reject(fromGrpc(error, "service-a", call));
            else resolve(reply.message);
          }),
        );
        call.onEnded(() => request.cancel());
      }),
    probe: () => isServing(client),
    close() {
      client.close();
      release();
    },
  };
}

function numbers(address: string, channel: ChannelCredentials): NumbersClient {
  const client = new ServiceBClient(address, channel, options());
  const { connection, release } = connectionTo(address);
  return {
    async *stream({ count, delay_ms }, call) {
      const { onMessage, end } = measure(connection, call);
      const stream = withoutStackTrace(() =>
        client.streamNumbers({ count, delayMs: delay_ms }, { deadline: deadlineOf(call) }),
      );
      call.onEnded(() => stream.cancel());
      let received = 0;
      try {
        for await (const { value } of stream) {
          received += 1;
          onMessage();
          yield value;
        }
      } catch (error) {
        throw fromGrpc(error, "service-b", call, received);
      } finally {
        end();
        // If the reader stopped before the end, the stream in B must stop too. After the end this does nothing.
        stream.cancel();
      }
    },

    /** An iteration of the stream would cost several promises for each value. */
    collect: ({ count, delay_ms }, call) =>
      new Promise((resolve, reject) => {
        const { onMessage, end } = measure(connection, call);
        const values: number[] = [];
        const stream = withoutStackTrace(() =>
          client.streamNumbers({ count, delayMs: delay_ms }, { deadline: deadlineOf(call) }),
        )
          .on("data", ({ value }: NumberReply) => {
            values.push(value);
            onMessage();
          })
          .on("end", () => {
            end();
            resolve(values);
          })
          .on("error", (error) => {
            end();
            reject(fromGrpc(error, "service-b", call, values.length));
          });
        call.onEnded(() => stream.cancel());
      }),

    probe: () => isServing(client),
    close() {
      client.close();
      release();
    },
  };
}

/** Starts to measure the cost of one call. */
function measure(connection: SharedConnection, call: Call) {
  const start = performance.now();
  const cost = connection.begin("grpc");
  call.upstreamCost = cost;
  let ended = false;
  return {
    onMessage: () => connection.onMessage(cost),
    /** Has no effect the second time: a stream that fails emits `end` too. */
    end: () => {
      if (ended) return;
      ended = true;
      cost.ms = performance.now() - start;
      connection.end(cost);
    },
  };
}

const deadlineOf = (call: Call): number => Date.now() + call.remainingMs();

/** `grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING`, as a name or a number. */
const SERVING = new Set<unknown>(["SERVING", 1]);

/** Queries the standard health service of a server over the channel of a client. Never rejects. */
function isServing(client: Client): Promise<boolean> {
  const { path, requestSerialize, responseDeserialize } = healthService.Check as NonNullable<
    (typeof healthService)[string]
  >;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize as (bytes: Buffer) => { status: unknown },
      { service: "" },
      { deadline: Date.now() + PROBE_MS },
      (error, reply) => resolve(!error && SERVING.has(reply?.status)),
    );
  });
}
