import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import type { TlsFiles } from "@lgtm-lab/service-runtime";
import {
  HANDSHAKE_MS,
  handshakeFailed,
  handshakeFailureOf,
  hasName,
  initHandshakeFailures,
  TlsCredentials,
} from "@lgtm-lab/service-runtime/tls";
import { Agent, buildConnector, type Dispatcher } from "undici";

/** How the gateway connects to the services behind it with TLS. */
export interface UpstreamTls {
  /** For gRPC. */
  credentials(service: string): ChannelCredentials;
  /** For `fetch`. */
  dispatcher(service: string): Dispatcher;
}

/**
 * Connects to services with the gateway's certificate. The certificate of a service must have its name (`service-a`),
 * whichever address it has. New connections use the files as they are then. Throws if a file cannot be used.
 */
export function upstreamTls(files: TlsFiles, { handshakeMs = HANDSHAKE_MS } = {}): UpstreamTls {
  const credentials = new TlsCredentials({ files, role: "client" });
  return {
    credentials(service) {
      initHandshakeFailures(service);
      return new UpstreamCredentials(service, credentials, handshakeMs);
    },
    dispatcher(service) {
      initHandshakeFailures(service);
      return new Agent({ connect: connectorTo(service, credentials) });
    },
  };
}

/**
 * Accepts only a DNS name among the SANs, unlike Node, which also accepts wildcards, and the common name of a certificate
 * without DNS names. The error of Node contains the whole certificate, which would be in the log.
 */
function checkServerIdentity(service: string, { raw }: PeerCertificate): Error | undefined {
  const certificate = new X509Certificate(raw);
  if (hasName(certificate, service)) return undefined;
  const names = certificate.subjectAltName ?? "no names";
  return errorOf("ERR_TLS_CERT_ALTNAME_INVALID", `The certificate has ${names}, and not DNS:${service}`);
}

function connectorTo(service: string, credentials: TlsCredentials): buildConnector.connector {
  return (options, callback) => {
    // A session that is resumed would have the certificates of an earlier handshake.
    const connector = buildConnector({
      secureContext: credentials.context,
      checkServerIdentity,
      maxCachedSessions: 0,
      allowH2: false,
    });
    connector({ ...options, servername: service }, (...result) => {
      const [error] = result;
      if (error) failed(service, error);
      callback(...result);
    });
  };
}

const errorOf = (code: string, message: string) => Object.assign(new Error(message), { code });

/** Errors that occur before the handshake: the service cannot be reached. */
const BEFORE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function failed(service: string, error: Error): void {
  if (BEFORE.has((error as NodeJS.ErrnoException).code ?? "")) return;
  handshakeFailed(service, handshakeFailureOf(error), { err: error });
}

/** Like the credentials of grpc-js, but each connection has the current certificate, and failed handshakes are counted. */
class UpstreamCredentials extends ChannelCredentials {
  readonly #service: string;
  readonly #credentials: TlsCredentials;
  readonly #handshakeMs: number;

  constructor(service: string, credentials: TlsCredentials, handshakeMs: number) {
    super();
    this.#service = service;
    this.#credentials = credentials;
    this.#handshakeMs = handshakeMs;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials = CallCredentials.createEmpty(),
  ) {
    return {
      connect: async (socket: Socket) => ({ socket: await this.#secure(socket), secure: true }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy() {},
    };
  }

  #secure(socket: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const { context: secureContext } = this.#credentials;
      const servername = this.#service;
      const secured = connect({
        socket,
        secureContext,
        servername,
        checkServerIdentity,
        ALPNProtocols: ["h2"],
      });
      const ended = () => {
        clearTimeout(timer);
        secured.off("error", fail);
        secured.off("close", closed);
      };
      const fail = (error: Error) => {
        ended();
        failed(servername, error);
        reject(error);
      };
      const closed = () => fail(errorOf("ECONNRESET", "Socket closed"));
      const late = () =>
        secured.destroy(errorOf("ERR_TLS_HANDSHAKE_TIMEOUT", "The handshake takes too long"));
      const timer = setTimeout(late, this.#handshakeMs);
      secured.once("error", fail);
      secured.once("close", closed);
      secured.once("secureConnect", () => {
        ended();
        // Until grpc-js listens.
        secured.on("error", () => secured.destroy());
        resolve(secured);
      });
    });
  }
}
