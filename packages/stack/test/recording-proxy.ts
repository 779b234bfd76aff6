import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** An HTTP proxy on loopback that records its requests. */
export interface RecordingProxy {
  readonly port: number;
  /** `GET http://host/path` or `CONNECT host:port`, in the order of arrival. */
  readonly requests: readonly string[];
  /** The credentials of those requests: `user:password`. */
  readonly credentials: readonly string[];
  close(): void;
}

/**
 * Starts a proxy that forwards every request to `upstream`, regardless of its host. Without `upstream` it responds with
 * 502, but opens every tunnel to a loopback port, so that a client that should not use the proxy still works and only
 * the record shows it.
 */
export async function recordingProxy({ upstream }: { upstream?: number } = {}): Promise<RecordingProxy> {
  const requests: string[] = [];
  const credentials: string[] = [];
  const server = createServer((incoming, outgoing) => {
    record(`${incoming.method} ${incoming.url}`, incoming.headers["proxy-authorization"]);
    const { hostname, port, pathname, search } = new URL(incoming.url ?? "/", "http://unnamed.invalid");
    const target = upstream ?? (isLoopback(hostname) ? Number(port) : undefined);
    if (target === undefined) return outgoing.writeHead(502).end();
    const path = pathname + search;
    const forwarded = request({ host: "127.0.0.1", port: target, path, method: incoming.method ?? "GET" });
    forwarded.on("error", () => outgoing.writeHead(502).end());
    forwarded.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  server.on("connect", (incoming, client) => {
    record(`CONNECT ${incoming.url}`, incoming.headers["proxy-authorization"]);
    const { hostname, port } = new URL(`tcp://${incoming.url}`);
    client.on("error", () => {});
    const target = upstream ?? (isLoopback(hostname) ? Number(port) : undefined);
    if (target === undefined) return client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const tunnel = connect(target, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      tunnel.pipe(client).pipe(tunnel);
    });
    tunnel.on("error", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function record(line: string, authorization: string | undefined) {
    requests.push(line);
    if (authorization)
      credentials.push(Buffer.from(authorization.replace("Basic ", ""), "base64").toString());
  }

  return {
    port: (server.address() as AddressInfo).port,
    requests,
    credentials,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const isLoopback = (host: string) => /^(127\.|localhost$|\[::1\])/.test(host);
