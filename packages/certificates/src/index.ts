/**
 * `@lgtm-lab/certificates`: a throw-away certificate authority (CA) and the certificates of the services, for demos and
 * tests. Anyone who can read the CA's key can issue certificates that the services accept, so only the user can read
 * it.
 */
import "reflect-metadata"; // for @peculiar/x509
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { setTimeout } from "node:timers/promises";
import { LabError, messageOf } from "@lgtm-lab/contracts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  X509Certificate as Certificate,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  X509CertificateGenerator as Generator,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from "@peculiar/x509";
import writeFileAtomic from "write-file-atomic";
import { AUTHORITY, type CertificateFiles, certificateFiles } from "./files.ts";

cryptoProvider.set(webcrypto);

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;
const [FILE_MODE, FOLDER_MODE] = [0o600, 0o700];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Clocks of other machines may be late. */
const SKEW_MS = 5 * 60_000;

/** How long a certificate of a service is valid, unless the caller chooses another time. */
export const DEFAULT_LIFETIME_MS = DAY_MS;
/**
 * How long the certificate of the CA is valid. It is renewed after half of this time, so a certificate of a service
 * that is valid for at most 182 days never outlives it.
 */
export const CA_LIFETIME_MS = 365 * DAY_MS;

/** Services check their files once a second. Before a new CA issues certificates, all of them must know it. */
export const TRUST_MS = 3_000;

/** A certificate and its private key, in PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The content of a certificate. */
export interface CertificateOptions {
  /** DNS names and IP addresses (SANs). The first one is the identity of the owner. */
  readonly names: readonly string[];
  /** Another common name than the first name. */
  readonly commonName?: string;
  readonly notBefore?: Date;
  readonly notAfter: Date;
}

/**
 * Creates a certificate authority. By default, its name is unique, so that no verifier has to choose between
 * authorities of the same name.
 */
export async function createAuthority(
  name = `lgtm-lab CA ${randomBytes(4).toString("hex")}`,
  { notBefore = new Date(Date.now() - SKEW_MS), notAfter = new Date(Date.now() + CA_LIFETIME_MS) } = {},
): Promise<KeyPair> {
  const keys = await generateKeys();
  const cert = await Generator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pemOf(cert, keys);
}

/** Issues a certificate for a server and client, signed by a CA. Without a CA, the certificate is self-signed. */
export async function issueCertificate(
  authority: KeyPair | undefined,
  {
    names,
    commonName = names[0] ?? "",
    notBefore = new Date(Date.now() - SKEW_MS),
    notAfter,
  }: CertificateOptions,
): Promise<KeyPair> {
  const keys = await generateKeys();
  const subject = `CN=${commonName}`;
  const issuer = authority && new Certificate(firstCertificate(authority.cert));
  const cert = await Generator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer?.subject ?? subject,
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: authority ? await importKey(authority.key) : keys.privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
      ...(issuer ? [await AuthorityKeyIdentifierExtension.create(issuer.publicKey)] : []),
    ],
  });
  return pemOf(cert, keys);
}

const generateKeys = () =>
  webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;

const importKey = (pem: string) =>
  webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), KEY, false, [
    "sign",
  ]) as Promise<webcrypto.CryptoKey>;

/** A positive number of 16 bytes (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function pemOf(cert: Certificate, { privateKey }: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const key = await webcrypto.subtle.exportKey("pkcs8", privateKey);
  return { cert: `${cert.toString("pem")}\n`, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

/** What {@link ensureCertificates} did. */
export interface EnsuredCertificates {
  /** The path of the certificate of the CA. */
  readonly ca: string;
  /** The owners whose certificates are new. `ca` is among them if the CA is. */
  readonly renewed: readonly string[];
  /** When the first certificate of a service expires. */
  readonly expires: Date;
}

/**
 * Creates the files `<owner>.pem` and `<owner>-key.pem` for each owner and for the CA (`ca`). Only the user can read
 * the files. A certificate with all the names is kept for half of its lifetime; `renewAll` replaces all except that of
 * the CA. When the CA is renewed, `ca.pem` also contains the previous one. After that it waits
 * `trustMs`, so that all programs load the new CA first.
 * @throws LabError if a file cannot be read or written.
 */
export async function ensureCertificates(
  folder: string,
  owners: Readonly<Record<string, readonly string[]>>,
  { lifetimeMs = DEFAULT_LIFETIME_MS, renewAll = false, now = Date.now(), trustMs = TRUST_MS } = {},
): Promise<EnsuredCertificates> {
  return await withFolder(folder, async () => {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    const caFiles = certificateFiles(folder, AUTHORITY);
    const notBefore = new Date(now - SKEW_MS);
    const stored = readPair(caFiles);
    const keepCa = stored && canBeKept(stored, now);
    const authority = keepCa
      ? stored
      : await createAuthority(undefined, { notBefore, notAfter: new Date(now + CA_LIFETIME_MS) });
    // With the old one, for certificates that are still in use.
    if (!keepCa)
      await writePair(caFiles, { ...authority, cert: authority.cert + firstCertificate(stored?.cert) });
    if (stored && !keepCa) await setTimeout(trustMs);
    const renewed: string[] = keepCa ? [] : [AUTHORITY];
    let expires = Number.POSITIVE_INFINITY;
    for (const [owner, names] of Object.entries(owners)) {
      const ownerFiles = certificateFiles(folder, owner);
      const current = readPair(ownerFiles);
      if (current && !renewAll && canBeKept(current, now) && isIssued(current, authority, names)) {
        expires = Math.min(expires, validUntil(current));
        continue;
      }
      await writePair(
        ownerFiles,
        await issueCertificate(authority, { names, notBefore, notAfter: new Date(now + lifetimeMs) }),
      );
      renewed.push(owner);
      expires = Math.min(expires, now + lifetimeMs);
    }
    return { ca: caFiles.cert, renewed, expires: new Date(expires) };
  });
}

/**
 * Creates a certificate that expired an hour ago, for demonstrations. Keeps an existing one if the current CA issued it.
 * @throws LabError if a file cannot be read or written.
 */
export async function ensureExpiredCertificate(
  folder: string,
  owner: string,
  names: readonly string[],
): Promise<void> {
  await withFolder(folder, async () => {
    const authority = readPair(certificateFiles(folder, AUTHORITY));
    if (!authority) throw new Error("there is no CA");
    const files = certificateFiles(folder, owner);
    const old = readPair(files);
    if (old && isIssued(old, authority, names)) return;
    const notAfter = new Date(Date.now() - HOUR_MS);
    const notBefore = new Date(notAfter.getTime() - DAY_MS);
    await writePair(files, await issueCertificate(authority, { names, notBefore, notAfter }));
  });
}

/** Runs steps that use the folder. Converts their errors to a LabError with a fix. */
async function withFolder<T>(folder: string, steps: () => Promise<T>): Promise<T> {
  try {
    return await steps();
  } catch (error) {
    throw new LabError(
      `Cannot create the certificates in ${folder}: ${messageOf(error)}\n  fix: make the folder writable, or delete it to replace all certificates`,
    );
  }
}

const validUntil = ({ cert }: KeyPair): number => new X509Certificate(cert).validToDate.getTime();

/** Returns the first certificate of a PEM text, or an empty string. */
const firstCertificate = (pem = ""): string => /^[\s\S]*?-----END CERTIFICATE-----\n/.exec(pem)?.[0] ?? "";

/**
 * Whether at least half of the lifetime of a certificate remains, and the key matches: a process may have ended
 * after it had replaced only one of the two files.
 */
function canBeKept({ cert, key }: KeyPair, now: number): boolean {
  const certificate = new X509Certificate(cert);
  const { validFromDate, validToDate } = certificate;
  const midpoint = (validFromDate.getTime() + validToDate.getTime()) / 2;
  return now < midpoint && certificate.checkPrivateKey(createPrivateKey(key));
}

/** Whether a CA has issued a certificate for all the names. */
function isIssued({ cert }: KeyPair, authority: KeyPair, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  const ca = new X509Certificate(authority.cert);
  const has = (name: string) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined;
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey) && names.every(has);
}

/** Returns undefined if one of the files does not exist. */
function readPair({ cert, key }: CertificateFiles): KeyPair | undefined {
  try {
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Replaces each file atomically. A program that reads between the two writes gets a key without its certificate, and
 * must read again.
 */
async function writePair(files: CertificateFiles, { cert, key }: KeyPair): Promise<void> {
  await writeFileAtomic(files.key, key, { mode: FILE_MODE });
  await writeFileAtomic(files.cert, cert, { mode: FILE_MODE });
}
