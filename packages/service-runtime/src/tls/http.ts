import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { HttpBindings } from "@hono/node-server";
import type { Hono, MiddlewareHandler } from "hono";
import { Problem } from "../problem.ts";
import { type TlsCredentials, TRUST_MS } from "./credentials.ts";
import { type Http2Connections, type Http2Limits, http2Connections } from "./http2.ts";
import { hasAcceptedCertificate, type TlsListener, tlsListener } from "./listener.ts";
import { handshakeFailed } from "./observe.ts";

/**
 * Maximum age of a connection whose client has a certificate; milliseconds. Then the client must reconnect, and its
 * current certificate is checked.
 */
export const MAX_CONNECTION_MS = 600_000;

/** Runs `reconnect`, which makes clients open new connections, some time after each change of the certificate. */
export const afterChange = (credentials: TlsCredentials, reconnect: () => void): void =>
  credentials.onChange(() => void setTimeout(reconnect, TRUST_MS).unref());

/** What an HTTP server needs to use TLS. */
export interface HttpTls {
  readonly createServer: typeof createServer;
  readonly options: TlsOptions;
  /** Serves the app on the connections of the server, over HTTP/1.1 and HTTP/2. */
  attach(server: Server, fetch: Hono["fetch"], limits: Http2Limits): Http2Connections;
}

/**
 * Returns what an HTTP server needs to use TLS: with HTTP/2 and HTTP/1.1 for any client; or, with `clients`, for those
 * whose certificate has one of these names. Clients without a certificate are then accepted too, for health and metrics;
 * {@link requireClientCertificate} refuses their other requests.
 */
export function httpTls(
  credentials: TlsCredentials,
  {
    clients,
    maxConnectionMs = MAX_CONNECTION_MS,
  }: { clients?: readonly string[]; maxConnectionMs?: number } = {},
): HttpTls {
  const listener: TlsListener = tlsListener({
    credentials,
    clients,
    anonymous: true,
    protocols: ["h2", "http/1.1"],
  });
  return {
    createServer,
    options: listener.options,
    attach(server, fetch, limits) {
      const [serveHttp1] = server.listeners("secureConnection");
      const http2 = http2Connections(fetch, { ...limits, ...(clients && { ageMs: maxConnectionMs }) });
      const handshakes = listener.attach(server, (socket) => {
        if (socket.alpnProtocol === "h2") http2.serve(socket);
        else serveHttp1?.call(server, socket);
      });
      if (clients) {
        const limit = limitAge(server, maxConnectionMs);
        afterChange(credentials, () => {
          limit.replaceAll();
          http2.close();
        });
      }
      return {
        ...http2,
        close() {
          handshakes.close();
          http2.close();
        },
        destroy() {
          handshakes.close();
          http2.destroy();
        },
      };
    },
  };
}

/** Asks clients with HTTP/1.1, in a response, to close connections that are older than a time or than the last change. */
function limitAge(server: Server, maxConnectionMs: number) {
  const since = new WeakMap<Socket, number>();
  let changed = 0;
  server.on("secureConnection", (socket) => since.set(socket, performance.now()));
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const oldest = Math.max(performance.now() - maxConnectionMs, changed);
    if ((since.get(socket) ?? 0) < oldest) response.shouldKeepAlive = false;
  });
  return {
    replaceAll() {
      changed = performance.now();
    },
  };
}

/** Refuses requests on connections whose client has no accepted certificate. Mount it after health and metrics. */
export function requireClientCertificate(): MiddlewareHandler {
  return function requireClientCertificate(c, next) {
    const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
    const socket = incoming?.socket;
    if (hasAcceptedCertificate(socket)) return next();
    handshakeFailed("client", "missing", { client: socket?.remoteAddress });
    throw new Problem("forbidden", "A certificate of the client is required.");
  };
}
