import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { resetConnection } from "@lgtm-lab/contracts";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Accepts connections at one address and forwards them to another. */
export interface Forward {
  /** Ends all connections. */
  readonly close: () => void;
}

/**
 * Starts to forward TCP connections.
 * @param accepts whether a client with this address may connect; other connections are reset.
 */
export async function startForward(
  from: Address,
  to: Address,
  accepts: (client: string) => boolean = () => true,
): Promise<Forward> {
  const open = new Set<Socket>();
  const track = (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
  // A client that has sent everything may still wait for the response.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    track(client);
    if (!accepts(client.remoteAddress ?? "")) return resetConnection(client);
    const target = connect({ ...to, allowHalfOpen: true, noDelay: true });
    track(target);
    target.once("error", () => resetConnection(client));
    client.once("error", () => resetConnection(target));
    client.pipe(target).pipe(client);
  });
  server.listen(from);
  await once(server, "listening");
  return {
    close: () => {
      server.close();
      for (const socket of open) resetConnection(socket);
    },
  };
}
