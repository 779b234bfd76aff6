import { constants, type X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import { NO_RENEGOTIATION, type TlsCredentials } from "./credentials.ts";
import { handshakeFailed, handshakeFailureOf, initHandshakeFailures } from "./observe.ts";

/** How long the other side may take for the handshake; milliseconds. Node's default is two minutes. */
export const HANDSHAKE_MS = 10_000;

/** Which clients a server accepts. */
export interface ListenerOptions {
  readonly credentials: TlsCredentials;
  /**
   * The names (DNS names among the SANs) of which the certificate of a client must have one. Without them, the server
   * requests no certificate.
   */
  readonly clients?: readonly string[] | undefined;
  /** Accepts clients without a certificate too, whose requests are checked one by one. */
  readonly anonymous?: boolean;
  /** The protocols of ALPN, in the order of preference. */
  readonly protocols: readonly string[];
}

/** The part of a server that TLS needs. */
export interface TlsListener {
  /** For `createServer` of `node:tls` and `node:https`. */
  readonly options: TlsOptions;
  /** Gives the connections of accepted clients to a function. Refuses and counts the others. */
  attach(server: Server, serve: (socket: TLSSocket) => void): Handshakes;
}

/** The handshakes of a server that are not complete. */
export interface Handshakes {
  /** Closes their connections: a server waits for them when it stops. */
  readonly close: () => void;
}

/** Creates the part of a server that accepts connections with TLS, and uses changed certificates for new ones. */
export function tlsListener({
  credentials,
  clients,
  anonymous = false,
  protocols,
}: ListenerOptions): TlsListener {
  return {
    options: {
      ...credentials.options,
      ALPNProtocols: [...protocols],
      handshakeTimeout: HANDSHAKE_MS,
      // A refusal here would leave no reason to report, so `refusalOf` checks the client.
      ...(clients && { requestCert: true, rejectUnauthorized: false, ...EVERY_HANDSHAKE }),
    },
    attach(server, serve) {
      initHandshakeFailures("client");
      credentials.onChange(() =>
        server.setSecureContext({ ...credentials.options, ...(clients && EVERY_HANDSHAKE) }),
      );
      server.on("tlsClientError", (error, socket) => {
        handshakeFailed("client", handshakeFailureOf(error), { client: socket.remoteAddress, err: error });
        socket.destroy();
      });
      const handshakes = trackHandshakes(server);
      server.removeAllListeners("secureConnection");
      server.on("secureConnection", (socket: TLSSocket) => {
        handshakes.completed(socket);
        // Node emits errors of a socket that nothing reads yet.
        socket.on("error", () => socket.destroy());
        const refusal = clients && refusalOf(socket, clients, anonymous);
        if (!refusal) {
          if (clients && socket.authorized) Object.assign(socket, { [ACCEPTED]: true });
          return serve(socket);
        }
        handshakeFailed("client", refusal.reason, { client: socket.remoteAddress, ...refusal.details });
        socket.destroy();
      });
      return handshakes;
    },
  };
}

/** Node does not expose the TCP socket of a TLS socket, so the two are matched by the addresses of both ends. */
function trackHandshakes(server: Server) {
  const sockets = new Map<string, Socket>();
  const keyOf = ({ localAddress, remoteAddress, remotePort }: Socket) =>
    `${localAddress} ${remoteAddress} ${remotePort}`;
  server.on("connection", (socket: Socket) => {
    const key = keyOf(socket);
    sockets.set(key, socket);
    socket.once("close", () => {
      if (sockets.get(key) === socket) sockets.delete(key);
    });
  });
  return {
    completed: (socket: TLSSocket) => void sockets.delete(keyOf(socket)),
    close() {
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}

/** Without tickets, no session is resumed: a resumed one would skip the check of the client's certificate. */
const EVERY_HANDSHAKE = { secureOptions: NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET } as const;

/** A property and not a WeakSet, because a request over HTTP/2 has a proxy of the socket. */
const ACCEPTED = Symbol("accepted certificate");

/**
 * Whether the client has a certificate that was accepted when the connection was opened. Unlike `authorized`, which Node
 * sets in every handshake, it includes the check of the names.
 */
export const hasAcceptedCertificate = (socket: object | undefined): boolean =>
  (socket as { readonly [ACCEPTED]?: boolean } | undefined)?.[ACCEPTED] === true;

/** Returns why a client is refused, with what its certificate says; undefined if it is accepted. */
function refusalOf(socket: TLSSocket, clients: readonly string[], anonymous: boolean) {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return anonymous ? undefined : ({ reason: "missing", details: {} } as const);
  const { subject, subjectAltName: names, validTo } = certificate;
  const details = { subject, names, valid_to: validTo, code: socket.authorizationError };
  if (!socket.authorized) return { reason: handshakeFailureOf({ code: socket.authorizationError }), details };
  return clients.some((name) => hasName(certificate, name))
    ? undefined
    : ({ reason: "wrong_name", details } as const);
}

/** Whether a certificate has a DNS name among its SANs. Its common name and wildcards do not count. */
export const hasName = (certificate: X509Certificate, name: string): boolean =>
  certificate.checkHost(name, { subject: "never", wildcards: false }) !== undefined;
