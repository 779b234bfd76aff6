import { randomInt } from "node:crypto";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import getPort, { portNumbers } from "get-port";
import { spansIn } from "./wire.ts";

const TRACE_SERVICE = {
  export: {
    path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

/** Test server in place of the collector: a real gRPC server that returns configured responses and can be restarted. */
export class FakeCollector {
  /** The accepted items, in order. */
  readonly spans: { traceId: string; name: string }[] = [];
  attempts = 0;
  /** Responses to the next attempts: a status code fails the request, bytes are the body of a success. Later attempts succeed. */
  readonly responses: (status | Buffer)[] = [];
  #server: Server | undefined;
  #port: number;
  #waiting: (() => void)[] = [];
  readonly #credentials: ServerCredentials | undefined;

  constructor(port = 0, credentials?: ServerCredentials) {
    this.#port = port;
    this.#credentials = credentials;
  }

  get endpoint(): string {
    // Node warns about an IP address as the name of a server with TLS.
    return this.#credentials ? `https://localhost:${this.#port}` : `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const server = new Server();
    server.addService(TRACE_SERVICE, {
      export: (call: { request: Buffer }, reply: (error: object | null, response?: Buffer) => void) => {
        this.attempts += 1;
        const response = this.responses.shift() ?? Buffer.alloc(0);
        if (!Buffer.isBuffer(response))
          reply({ code: response, details: `the test returns ${status[response]}` });
        else {
          this.spans.push(...spansIn(call.request));
          reply(null, response);
        }
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
    const credentials = this.#credentials ?? ServerCredentials.createInsecure();
    this.#port ||= await freePort();
    await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${this.#port}`, credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    this.#server = server;
    return this;
  }

  /** Resolves once `ready` returns true; it is called after each attempt. */
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }
}

/** Below the range of Linux for outgoing connections, so that no client of another process gets the port meanwhile. */
const FIRST_PORT = 15_000;
const LAST_PORT = 31_000;
const PORTS_TRIED = 1_000;

/**
 * Returns a free port on which nothing listens. Two calls in a process never return the same port. Like `freePort` of
 * packages/stack, which this package must not import.
 */
export const freePort = (): Promise<number> => {
  const first = randomInt(FIRST_PORT, LAST_PORT - PORTS_TRIED);
  return getPort({ host: "127.0.0.1", port: portNumbers(first, first + PORTS_TRIED), reserve: true });
};
