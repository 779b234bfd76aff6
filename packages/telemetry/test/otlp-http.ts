import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { TlsOptions } from "node:tls";
import { gunzipSync } from "node:zlib";
import { spansIn } from "./wire.ts";

interface JsonBody {
  resourceSpans: { scopeSpans: { spans: { traceId: string; name: string }[] }[] }[];
}

/** Test server in place of an OTLP/HTTP receiver. */
export class FakeOtlpHttp {
  readonly spans: { traceId: string; name: string }[] = [];
  readonly requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  /** Responses to the next requests: a status and a body. Later requests get 200 and an empty message. */
  readonly responses: [status: number, body?: Buffer | string][] = [];
  #server: Server | undefined;
  #port = 0;
  readonly #tls: TlsOptions | undefined;

  constructor(tls?: TlsOptions) {
    this.#tls = tls;
  }

  get url(): string {
    return `${this.#tls ? "https" : "http"}://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const serve: RequestListener = async (request, response) => {
      const { url: path = "", headers } = request;
      const raw = await buffer(request);
      const body = headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
      this.requests.push({ path, headers });
      const [status, reply = ""] = this.responses.shift() ?? [200];
      const json = headers["content-type"] === "application/json";
      if (status === 200) this.spans.push(...(json ? spansInJson(body) : spansIn(body)));
      response.writeHead(status, { "content-type": headers["content-type"] ?? "" }).end(reply);
    };
    this.#server = this.#tls ? createTlsServer(this.#tls, serve) : createServer(serve);
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

const spansInJson = (body: Buffer) =>
  (JSON.parse(body.toString()) as JsonBody).resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans.map(({ traceId, name }) => ({ traceId, name })));
