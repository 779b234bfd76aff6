import type { EventEmitter } from "node:events";
import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { createAdaptorServer } from "@hono/node-server";
import { traceHttp2 } from "@lgtm-lab/telemetry/http2";
import type { Hono } from "hono";

/** The limits of the connections and requests of clients. */
export interface Http2Limits {
  readonly maxHeaderBytes: number;
  /** From the start of a connection to the end of the headers of its first request; milliseconds. */
  readonly headersMs: number;
  /** How long a connection without requests stays open; milliseconds. */
  readonly idleMs: number;
  /** How long a client may send no content of a request, or read nothing of a response; milliseconds. */
  readonly stalledMs: number;
  /** How long a connection accepts requests; milliseconds. Default: no limit. */
  readonly ageMs?: number;
}

/** Requests at once in one connection. Further ones wait at the client. */
const MAX_STREAMS = 128;
/** Header fields in one request. */
const MAX_HEADER_PAIRS = 100;
/** Streams that a client may reset at once, and then in each second, before its connection is closed (rapid reset). */
const [RESET_BURST, RESETS_PER_SECOND] = [200, 50];
/** Frames that violate the protocol, and streams beyond {@link MAX_STREAMS}, before a connection is closed. */
const MAX_VIOLATIONS = 50;
/** Megabytes that a connection may use. */
const MAX_SESSION_MB = 4;

/** The connections with HTTP/2 of a server. */
export interface Http2Connections {
  /** Serves a connection. */
  readonly serve: (socket: TLSSocket) => void;
  /** Completes the running requests, and accepts no new ones. */
  readonly close: () => void;
  /** Closes every connection at once. */
  readonly destroy: () => void;
}

/** Serves an app over HTTP/2, on connections whose handshake is complete. */
export function http2Connections(fetch: Hono["fetch"], limits: Http2Limits): Http2Connections {
  const serverOptions = {
    Http2ServerResponse: Response,
    settings: {
      enablePush: false,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: limits.maxHeaderBytes,
    },
    maxHeaderListPairs: MAX_HEADER_PAIRS,
    maxSessionInvalidFrames: MAX_VIOLATIONS,
    maxSessionRejectedStreams: MAX_VIOLATIONS,
    maxSessionMemory: MAX_SESSION_MB,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
  };
  const server = createAdaptorServer({ fetch, createServer, serverOptions }) as Http2Server;
  traceHttp2(server);
  const connections = new Set<Connection>();
  return {
    serve(socket) {
      server.once("session", (session: ServerHttp2Session) => {
        const connection = { session, socket };
        connections.add(connection);
        session.once("close", () => connections.delete(connection));
        closeWhenIdle(connection, limits);
        if (limits.ageMs === undefined) return;
        const timer = setTimeout(() => session.close(), limits.ageMs).unref();
        session.once("close", () => clearTimeout(timer));
      });
      (server as EventEmitter).emit("connection", socket); // emits `session` too
    },
    close: () => {
      for (const { session } of connections) session.close();
    },
    destroy: () => connections.forEach(destroy),
  };
}

/** A session of HTTP/2, and the socket that it uses. */
interface Connection {
  readonly session: ServerHttp2Session;
  readonly socket: TLSSocket;
}

/** Closes a connection at once. The session alone would wait until the client has read everything. */
function destroy({ session, socket }: Connection): void {
  session.destroy();
  socket.destroy();
}

/**
 * Closes a connection that has no requests. Only complete headers count, so that a client cannot keep it open by frames
 * without a request, or by headers that it sends byte by byte. A client that reads nothing does not receive a reset or
 * GOAWAY either, so its connection is destroyed.
 */
function closeWhenIdle(connection: Connection, { headersMs, idleMs, stalledMs }: Http2Limits): void {
  const { session } = connection;
  const destroyAfter = (ms: number) => setTimeout(() => destroy(connection), ms).unref();
  let running = 0;
  let timer = destroyAfter(headersMs);
  session.once("close", () => clearTimeout(timer));
  const close = () => {
    session.close();
    timer = destroyAfter(stalledMs);
  };
  session.on("stream", (stream: ServerHttp2Stream) => {
    clearTimeout(timer);
    running += 1;
    stream.setTimeout(stalledMs);
    // Not the callback of setTimeout, which runs only once.
    stream.on("timeout", () => {
      // Otherwise it waits for this service, as a stream of numbers does between two values.
      const waitsForClient =
        stream.writableNeedDrain || stream.writableEnded || !(stream.endAfterHeaders || stream.readableEnded);
      if (!waitsForClient || stream.closed) return;
      const late = destroyAfter(stalledMs);
      stream.once("close", () => clearTimeout(late));
      stream.close(constants.NGHTTP2_CANCEL);
    });
    // A route that does not read the content of a request must not wait for its end.
    if (!stream.endAfterHeaders) stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    stream.once("close", () => {
      running -= 1;
      if (running === 0 && !session.destroyed) timer = setTimeout(close, idleMs).unref();
    });
  });
}

/** The fields of a connection, which HTTP/2 does not have (RFC 9113, section 8.2.2). Hono sets them for event streams. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** Omits the fields that only HTTP/1.1 has. */
class Response<Request extends Http2ServerRequest> extends Http2ServerResponse<Request> {
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.findLast((each) => typeof each === "object") ?? {};
    const kept = Object.entries(headers).filter(([name]) => !CONNECTION_FIELDS.has(name.toLowerCase()));
    return super.writeHead(status, Object.fromEntries(kept));
  }
}
