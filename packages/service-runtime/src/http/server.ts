import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { totalmem } from "node:os";
import { setImmediate } from "node:timers/promises";
import { createAdaptorServer } from "@hono/node-server";
import { connectionRefused } from "@lgtm-lab/telemetry/hono";
import type { Hono } from "hono";
import type { Drainable } from "../lifecycle.ts";
import type { HttpTls } from "../tls/http.ts";

/** The milliseconds for which idle connections stay open during a stop, for requests that are already in transit. */
const LINGER_MS = 300;

/**
 * The milliseconds for which an idle keep-alive connection stays open. With Node's default of 5 s, clients often send a
 * request on a connection that the server is just closing.
 */
const KEEP_ALIVE_MS = 65_000;

/**
 * How many connections may wait until they are accepted; the kernel's `net.core.somaxconn` limits it too. Node accepts
 * one in each iteration of its event loop. With its default of 511, the kernel drops connections when thousands of
 * clients connect at once, and these clients then get a timeout or a reset.
 */
const BACKLOG = 4_096;

const MAX_HEADER_BYTES = 16 * 1024;

/** How long a client may take to send a request; milliseconds. */
export interface RequestTimeouts {
  /** From the start of the connection, or of a further request on it, to the end of the headers. */
  readonly headersMs: number;
  /** To the end of the content. */
  readonly requestMs: number;
  /** Time between two checks of the connections. The other two limits can be exceeded by up to this time. */
  readonly checkMs: number;
}

/**
 * Node's defaults are 60 s, 300 s and 30 s. Until then, a client that sends a request byte by byte, or none, keeps its
 * connection. Idle connections have {@link KEEP_ALIVE_MS}.
 */
const TIMEOUTS: RequestTimeouts = { headersMs: 10_000, requestMs: 30_000, checkMs: 2_000 };

/**
 * Maximum number of connections in a process whose memory is limited (a container). A connection uses about 11 KB, or
 * 28 KB while its request is handled. The limit of requests in flight does not cover this memory. Without a memory
 * limit there is no maximum.
 */
const MAX_CONNECTIONS = connectionsFor(process.constrainedMemory());

/**
 * Returns the maximum number of connections: one for each 128 KiB of a memory limit in bytes. Undefined if there is no
 * limit, which means 0 or more than the machine has.
 */
export function connectionsFor(memoryLimit: number): number | undefined {
  return memoryLimit > 0 && memoryLimit < totalmem() ? Math.floor(memoryLimit / 2 ** 17) : undefined;
}

/** A running HTTP server. */
export interface HttpServer extends Drainable {
  /** The port that the server listens on. */
  readonly port: number;
}

/**
 * Serves an app at `host:port` (0: any free port). The request line and the headers together may have at most
 * `maxHeaderBytes`; a longer request is answered with 431. A request that arrives more slowly than `timeouts` allow is
 * answered with 408. Connections beyond `maxConnections` are closed at once and counted. With `tls`, it accepts only
 * connections with TLS. Throws the error of `listen`, for example EADDRINUSE.
 */
export async function startHttpServer(
  app: Hono,
  host: string,
  port: number,
  {
    maxHeaderBytes = MAX_HEADER_BYTES,
    maxConnections = MAX_CONNECTIONS,
    timeouts = TIMEOUTS,
    tls,
  }: {
    maxHeaderBytes?: number;
    maxConnections?: number | undefined;
    timeouts?: RequestTimeouts;
    tls?: HttpTls | undefined;
  } = {},
): Promise<HttpServer> {
  const serverOptions = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    connectionsCheckingInterval: timeouts.checkMs,
  };
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { ...serverOptions, ...tls?.options },
    ...(tls && { createServer: tls.createServer }),
  }) as Server;
  const http2 = tls?.attach(server as HttpsServer, app.fetch, {
    maxHeaderBytes,
    headersMs: timeouts.headersMs,
    idleMs: KEEP_ALIVE_MS,
    stalledMs: timeouts.requestMs,
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  server.on("drop", connectionRefused);
  const open = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  let accepted = 0;
  let draining = false;
  server.prependListener("request", (_request, response: ServerResponse) => {
    if (draining) response.shouldKeepAlive = false;
    open.add(response);
    response.once("close", () => open.delete(response));
  });
  server.on("connection", () => {
    accepted += 1;
  });
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen({ port, host, backlog: BACKLOG });
  await once(server, "listening");

  /**
   * Accepts the connections that are waiting in the kernel; closing the listener would reset them. Node accepts one
   * connection in each iteration of its event loop. The first wait only ends the current iteration.
   */
  async function acceptWaiting(): Promise<void> {
    const until = performance.now() + LINGER_MS;
    let before: number;
    await setImmediate();
    do {
      before = accepted;
      await setImmediate();
    } while (accepted > before && performance.now() < until);
  }

  return {
    port: (server.address() as AddressInfo).port,
    async drain(closeSignal) {
      draining = true;
      await acceptWaiting();
      const closed = once(server, "close");
      // close() of http would end idle connections at once, and with them requests in transit.
      NetServer.prototype.close.call(server);
      for (const response of open) response.shouldKeepAlive = false;
      const closeIdle = () => {
        server.closeIdleConnections();
        // Node does not count a connection without any request as idle.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      };
      // Timers run before sockets are read. Without setImmediate, a connection whose request has arrived but is not
      // read yet would look idle and be closed.
      const linger = setInterval(async () => {
        await setImmediate();
        http2?.close();
        if (open.size === 0) closeIdle();
      }, LINGER_MS);
      const force = () => {
        http2?.destroy();
        server.closeAllConnections();
      };
      closeSignal.addEventListener("abort", force, { once: true });
      if (closeSignal.aborted) force(); // aborted during acceptWaiting, so its event was missed
      await closed;
      clearInterval(linger);
      closeSignal.removeEventListener("abort", force);
    },
  };
}
