import type { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import type { TlsFiles } from "@lgtm-lab/service-runtime";
import {
  handshakeFailed,
  handshakeFailureOf,
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
export function upstreamTls(files: TlsFiles): UpstreamTls {
  const credentials = new TlsCredentials({ files, role: "client" });
  return {
    credentials(service) {
      initHandshakeFailures(service);
      return new UpstreamCredentials(service, credentials);
    },
    dispatcher(service) {
      initHandshakeFailures(service);
      return new Agent({ connect: connectorTo(service, credentials) });
    },
  };
}

function connectorTo(service: string, credentials: TlsCredentials): buildConnector.connector {
  return (options, callback) => {
    // A session that is resumed would have the certificates of an earlier handshake.
    const connector = buildConnector({
      secureContext: credentials.context,
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

/** Errors that occur before the handshake: the service cannot be reached. */
const BEFORE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);

function failed(service: string, error: Error): void {
  if (BEFORE.has((error as NodeJS.ErrnoException).code ?? "")) return;
  handshakeFailed(service, handshakeFailureOf(error), { err: error });
}

/** Like the credentials of grpc-js, but each connection has the current certificate, and failed handshakes are counted. */
class UpstreamCredentials extends ChannelCredentials {
  readonly #service: string;
  readonly #credentials: TlsCredentials;

  constructor(service: string, credentials: TlsCredentials) {
    super();
    this.#service = service;
    this.#credentials = credentials;
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
      const secured = connect({ socket, secureContext, servername, ALPNProtocols: ["h2"] });
      const fail = (error: Error) => {
        failed(servername, error);
        reject(error);
      };
      const closed = () => fail(Object.assign(new Error("Socket closed"), { code: "ECONNRESET" }));
      secured.once("error", fail);
      secured.once("close", closed);
      secured.once("secureConnect", () => {
        secured.off("error", fail);
        secured.off("close", closed);
        // Until grpc-js listens.
        secured.on("error", () => secured.destroy());
        resolve(secured);
      });
    });
  }
}
