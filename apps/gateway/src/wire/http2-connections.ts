import { subscribe } from "node:diagnostics_channel";
import type { ClientHttp2Stream } from "node:http2";
import { SharedConnection } from "./shared-connection.ts";

interface Message {
  readonly stream: ClientHttp2Stream;
  readonly headers: Readonly<Record<string, unknown>>;
}

const connections = new Map<string, SharedConnection>();

// Node tells of each HTTP/2 request as it is made: grpc-js itself lets nobody near its sockets.
subscribe("http2.client.stream.created", (message) => {
  const { stream, headers } = message as Message;
  const connection = connections.get(String(headers[":authority"]));
  const socket = connection && stream.session?.socket;
  if (socket) connection.use(socket);
});

/** The connection that carries the gRPC calls to `host:port`, whichever socket that is at the time; until `release`. */
export function connectionTo(authority: string): { connection: SharedConnection; release: () => void } {
  const connection = new SharedConnection();
  connections.set(authority, connection);
  return {
    connection,
    release: () => {
      if (connections.get(authority) === connection) connections.delete(authority);
    },
  };
}
