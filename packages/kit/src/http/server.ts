import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import type { Draining } from "../lifecycle.ts";

/** How long idle keep-alive connections stay open in a stop, for requests that are already on the wire; milliseconds. */
const LINGER_MS = 300;

/**
 * How long an idle keep-alive connection stays open; milliseconds. Node's 5 s are so short that a client which was busy
 * for a moment sends its next request into a connection that we are just closing, and sees it reset.
 */
const KEEP_ALIVE_MS = 65_000;

const MAX_HEADER_BYTES = 16 * 1024;

/** A running HTTP server. */
export interface HttpServer extends Draining {
  /** The port that it listens on. */
  readonly port: number;
}

/**
 * Serves an app at `host:port` (0: any free port). A request's line and headers may have `maxHeaderBytes` together (431
 * otherwise); Node's own limit is 16 KiB. Throws what `listen` throws, for example EADDRINUSE.
 */
export async function startHttpServer(
  app: Hono,
  host: string,
  port: number,
  { maxHeaderBytes = MAX_HEADER_BYTES } = {},
): Promise<HttpServer> {
  const serverOptions = { maxHeaderSize: maxHeaderBytes };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const open = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  let accepted = 0;
  let draining = false;
  server.prependListener("request", (_request, response: ServerResponse) => {
    if (draining) response.shouldKeepAlive = false;
    open.add(response);
    response.once("close", () => open.delete(response));
  });
  server.on("connection", (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");

  /**
   * Takes in the connections that wait in the kernel, which closing the listener would reset: Node accepts one in a turn
   * of its loop. The first turn is what is left of the one that brought the signal.
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
    async drain(cutOff) {
      draining = true;
      await acceptWaiting();
      const closed = once(server, "close");
      // Not http's own close(): that one ends idle connections at once, and with them requests on their way to us.
      NetServer.prototype.close.call(server);
      for (const response of open) response.shouldKeepAlive = false;
      const closeIdle = () => {
        server.closeIdleConnections();
        // To Node a connection on which nothing has come yet is not idle, but about to send its first request.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      };
      // Not before this turn has read what has come: after a moment without a processor timers run first, and a connection
      // that looks idle has a request waiting.
      const linger = setInterval(async () => {
        await setImmediate();
        if (open.size === 0) closeIdle();
      }, LINGER_MS);
      const force = () => server.closeAllConnections();
      cutOff.addEventListener("abort", force, { once: true });
      await closed;
      clearInterval(linger);
      cutOff.removeEventListener("abort", force);
    },
  };
}
