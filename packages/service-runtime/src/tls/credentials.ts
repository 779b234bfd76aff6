import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { messageOf } from "@lgtm-lab/contracts";
import { logger } from "@lgtm-lab/telemetry";
import { certificateInUse, certificateReloaded } from "./observe.ts";
import type { TlsFile, TlsFiles } from "./settings.ts";

/** How often the files are checked. Kubernetes replaces a folder, which watching a file does not notice. */
const CHECK_MS = 1_000;
/**
 * The time after which the other side has read a new CA, because it checks its files once a second too. Only then does a
 * program use a certificate of that CA, and make clients connect again.
 */
export const TRUST_MS = 3_000;
/** Enough for a chain, or for a bundle of the public CAs. */
const MAX_BYTES = 1_048_576;

/** The oldest protocol that is accepted. */
export const MIN_VERSION = "TLSv1.2";

/**
 * The ciphers of TLS 1.3, and those of TLS 1.2 with forward secrecy and authenticated encryption, in the order of
 * preference. The same are in otel-collector-tls.yaml and loki/loki.yaml.
 */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

/**
 * TLS 1.2 allows a further handshake (renegotiation) in an open connection. It could replace the certificate that was
 * checked.
 */
export const NO_RENEGOTIATION = constants.SSL_OP_NO_RENEGOTIATION;

/** The label of the CAs that issue the certificates of the other side. */
const AUTHORITIES = { server: "server_ca", client: "client_ca" } as const;

/** The files of a program as a server or as a client. `role` is the label `certificate` of the metrics. */
export interface CredentialsOptions {
  readonly files: TlsFiles;
  readonly role: "server" | "client";
  readonly checkMs?: number;
  readonly newCaMs?: number;
}

/** Files that can be used. */
interface Loaded {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  /** The certificate and its intermediate certificates. */
  readonly chain: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[] | undefined;
}

/** The certificate, key and CAs of a program, which are read again when their files change. */
export class TlsCredentials {
  #files: TlsFiles;
  readonly #role: CredentialsOptions["role"];
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #newCaMs: number;
  /** Uses a certificate of a new CA. */
  #waiting: NodeJS.Timeout | undefined;
  /** When each CA was first read, by its fingerprint, in milliseconds. */
  #readAt = new Map<string, number>();
  #current: Loaded;
  #seen: string;
  /** The last message about files that cannot be used. */
  #failure: string | undefined;

  /** Throws an error that names the variable if a file cannot be used. */
  constructor({ files, role, checkMs = CHECK_MS, newCaMs = TRUST_MS }: CredentialsOptions) {
    this.#files = files;
    this.#newCaMs = newCaMs;
    this.#role = role;
    this.#seen = this.#stamp();
    this.#current = this.#load();
    for (const { fingerprint256 } of this.#current.authorities ?? [])
      this.#readAt.set(fingerprint256, -Infinity);
    this.#publishValidity();
    for (const outcome of ["ok", "failed"] as const) certificateReloaded(role, outcome, 0);
    this.#timer = setInterval(() => this.#check(), checkMs).unref();
  }

  /** The options of a server, in their current state. */
  get options(): SecureContextOptions {
    return this.#current.options;
  }

  /** The context of a new connection. */
  get context(): SecureContext {
    return this.#current.context;
  }

  /**
   * Uses these files instead of the configured ones until the returned function is called. Throws an error that names the
   * variable if a file cannot be used.
   */
  useInstead(files: TlsFiles): () => void {
    const configured = this.#files;
    this.#files = files;
    try {
      this.#replace();
    } catch (error) {
      this.#files = configured;
      throw error;
    }
    return () => {
      this.#files = configured;
      this.#check();
    };
  }

  /** Calls a function after each change: of a certificate of a new CA twice, first when only the CAs are in use. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Ends the checks of the files. */
  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#waiting);
  }

  #check(): void {
    if (this.#stamp() === this.#seen && this.#failure === undefined) return;
    try {
      this.#replace();
    } catch (error) {
      // Files that are replaced one after the other do not match for a moment, so a failure is reported only if the next
      // check fails too.
      const message = messageOf(error);
      if (this.#failure === undefined) this.#failure = "";
      else if (this.#failure !== message) {
        this.#failure = message;
        certificateReloaded(this.#role, "failed");
        logger.error(
          { certificate: this.#files.cert.path, err: error },
          "changed certificate files cannot be used; the old ones stay in use",
        );
      }
    }
  }

  /**
   * Loads the files, and uses them for new connections: the CAs at once, a certificate of a new CA after a time. Throws an
   * error that names the variable if one cannot be used.
   */
  #replace(): void {
    const seen = this.#stamp();
    const loaded = this.#load();
    this.#seen = seen;
    this.#failure = undefined;
    clearTimeout(this.#waiting);
    const untilKnown = this.#untilKnown(loaded);
    if (untilKnown <= 0) {
      this.#use(loaded);
      return;
    }
    const { chain } = this.#current;
    const { cert, key } = this.#current.options;
    const options = { ...loaded.options, cert, key };
    this.#current = { ...loaded, options, context: createSecureContext(options), chain };
    this.#publishValidity();
    this.#notify();
    this.#waiting = setTimeout(() => this.#use(loaded), untilKnown).unref();
  }

  /** Records when the CAs were first read. Returns the milliseconds until the other side has read the issuing CA too. */
  #untilKnown({ chain, authorities }: Loaded): number {
    if (!authorities) return 0;
    const now = performance.now();
    this.#readAt = new Map(
      authorities.map(({ fingerprint256: name }) => [name, this.#readAt.get(name) ?? now]),
    );
    const issuer = authorities.find((authority) => chain.some((each) => each.checkIssued(authority)));
    return ((issuer && this.#readAt.get(issuer.fingerprint256)) ?? now) + this.#newCaMs - now;
  }

  #use(loaded: Loaded): void {
    this.#current = loaded;
    this.#publishValidity();
    certificateReloaded(this.#role, "ok");
    logger.info({ certificate: this.#files.cert.path }, "changed certificate files are in use");
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Returns a text that differs when a file has changed. Never throws, because it runs in a timer. */
  #stamp(): string {
    return Object.values(this.#files as unknown as Record<string, TlsFile>)
      .map(({ path }) => {
        try {
          const { ino, mtimeMs, size } = statSync(path);
          return `${ino} ${mtimeMs} ${size}`;
        } catch (error) {
          return String((error as NodeJS.ErrnoException).code);
        }
      })
      .join();
  }

  /** Reads the files. */
  #load(): Loaded {
    const { cert, key, ca } = this.#files;
    const chain = certificatesIn(cert);
    const keyPem = readFile(key);
    const [leaf] = chain;
    if (!leaf?.checkPrivateKey(parseKey(key, keyPem)))
      throw new Error(
        `${key.variable}=${key.path} cannot be used: it is not the private key of ${cert.variable}.`,
      );
    const authorities = ca && certificatesIn(ca);
    const options: SecureContextOptions = {
      cert: chain.map(String).join(""),
      key: keyPem,
      ...(authorities && { ca: authorities.map(String) }),
      minVersion: MIN_VERSION,
      ciphers: CIPHERS,
      secureOptions: NO_RENEGOTIATION,
    };
    return { options, context: createSecureContext(options), chain, authorities };
  }

  /** Publishes how long the certificates in use are valid. */
  #publishValidity(): void {
    const { chain, authorities } = this.#current;
    certificateInUse(this.#role, chain.slice(0, 1));
    if (authorities) certificateInUse(AUTHORITIES[this.#role], authorities);
  }
}

const unusable = ({ variable, path }: TlsFile, reason: string, cause?: unknown) =>
  new Error(`${variable}=${path} cannot be used: ${reason}.`, { cause });

function readFile(file: TlsFile): string {
  try {
    const status = statSync(file.path);
    // Reading a device or a pipe may never end.
    if (!status.isFile()) throw new Error("it is not a file");
    const { size } = status;
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes; at most ${MAX_BYTES} are read`);
    return readFileSync(file.path, "utf8");
  } catch (error) {
    throw unusable(file, messageOf(error), error);
  }
}

const [BEGIN, END] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"];

/** Returns the certificates in a PEM file: the leaf certificate first, then the intermediate certificates. */
function certificatesIn(file: TlsFile): readonly X509Certificate[] {
  const text = readFile(file);
  const found: string[] = [];
  // Not with a regular expression, whose time would be quadratic for a file with many beginnings and no end.
  for (let at = text.indexOf(BEGIN), end = 0; at >= 0; at = text.indexOf(BEGIN, end)) {
    end = text.indexOf(END, at);
    if (end < 0) throw unusable(file, "it ends within a certificate");
    end += END.length;
    found.push(`${text.slice(at, end)}\n`);
  }
  if (found.length === 0) throw unusable(file, "it contains no certificate in PEM");
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (error) {
    throw unusable(file, "it contains a certificate that is not valid", error);
  }
}

function parseKey(file: TlsFile, pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause, which must not repeat a part of the file.
    throw unusable(file, "it contains no private key in PEM without a passphrase");
  }
}
