import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

export interface Entry {
  labels: Record<string, string>;
  time: string;
  line: Record<string, unknown>;
  metadata: Record<string, string>;
}

interface PushBody {
  streams: { stream: Record<string, string>; values: [string, string, Record<string, string>?][] }[];
}

/** Test server in place of Loki: a real HTTP server that returns configured responses and can be restarted. */
export class FakeLoki {
  /** The accepted lines, in order. */
  readonly entries: Entry[] = [];
  attempts = 0;
  /** The number of lines in each accepted stream. */
  readonly streamSizes: number[] = [];
  /** Status codes for the next attempts. Later attempts get 204. */
  readonly responses: number[] = [];
  #server: Server | undefined;
  #port: number;
  #waiting: (() => void)[] = [];
  readonly #tls: TlsOptions | undefined;

  constructor(port = 0, tls?: TlsOptions) {
    this.#port = port;
    this.#tls = tls;
  }

  get url(): string {
    return `${this.#tls ? "https" : "http"}://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const serve: RequestListener = async (request, response) => {
      const body = await new Response(request as unknown as ReadableStream).text();
      this.attempts += 1;
      const status = request.url === "/loki/api/v1/push" ? (this.responses.shift() ?? 204) : 404;
      if (status < 300) this.#accept(JSON.parse(body));
      response.writeHead(status).end(status < 300 ? "" : `the test returns ${status}`);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    const server = this.#tls ? createTlsServer(this.#tls, serve) : createServer(serve);
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  #accept({ streams }: PushBody): void {
    for (const { stream, values } of streams) {
      this.streamSizes.push(values.length);
      for (const [time, line, metadata = {}] of values)
        this.entries.push({ labels: stream, time, line: JSON.parse(line), metadata });
    }
  }

  /** Resolves once `ready` returns true; it is called after each attempt. */
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }
}
