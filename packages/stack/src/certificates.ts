import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { AUTHORITY, type CertificateFiles, certificateFiles } from "@lgtm-lab/certificates/files";
import { LabError, messageOf, SERVICE_NAMES, type ServiceName } from "@lgtm-lab/contracts";
import type { Ports } from "./ports.ts";

/** Returns the folder of the lab's certificates in a state folder. */
const folderOf = (stateFolder: string) => join(stateFolder, "tls");

/** Returns the path of the certificate of the lab's CA. */
export const authorityFile = (stateFolder: string): string =>
  certificateFiles(folderOf(stateFolder), AUTHORITY).cert;

/** The receivers of telemetry that have a certificate. */
const BACKENDS = ["otelcol", "loki"] as const;
/** The owner of a certificate. */
export type CertificateOwner = ServiceName | (typeof BACKENDS)[number];
export const CERTIFICATE_OWNERS: readonly CertificateOwner[] = [...SERVICE_NAMES, ...BACKENDS];

/** Returns the paths of an owner's certificate and key, and of the certificate of the CA. */
export const certificatePaths = (stateFolder: string, owner: CertificateOwner) => ({
  ...certificateFiles(folderOf(stateFolder), owner),
  ca: authorityFile(stateFolder),
});

/** The name of the files of the fault `expired-cert`. */
const EXPIRED = "service-a-expired";

/** Returns the paths of the expired certificate of service A and its key. */
export const expiredCertificatePaths = (stateFolder: string): CertificateFiles =>
  certificateFiles(folderOf(stateFolder), EXPIRED);

/** Returns the DNS names on this machine, in docker-compose.yml and in Kubernetes. The first is the identity. */
function namesOf(owner: CertificateOwner): readonly string[] {
  const namespace = BACKENDS.some((name) => name === owner) ? "observability" : "pspd";
  return [
    owner,
    `${owner}.${namespace}`,
    `${owner}.${namespace}.svc`,
    `${owner}.${namespace}.svc.cluster.local`,
    "localhost",
    "127.0.0.1",
    "::1",
  ];
}

/** How `lab` makes certificates. */
export interface CertificateChoices {
  readonly lifetimeMs?: number | undefined;
  readonly renewAll?: boolean;
  /** Further names of every owner, such as the address of another machine. */
  readonly names?: readonly string[];
}

/**
 * Makes the certificates of all owners in the folder `tls` of the state folder, and renews those whose lifetime is half
 * over. Returns what is new, and when the first of them expires. Throws a LabError.
 *
 * The certificate of Loki is valid for a year, like that of the CA: if a client connects by IP address, Loki presents the
 * certificate that it read at its start (Go's `ServeTLS` asks for the current one only if the client sends a name).
 */
export async function makeCertificates(
  stateFolder: string,
  { lifetimeMs, renewAll = false, names = [] }: CertificateChoices = {},
) {
  const { ensureCertificates, ensureExpiredCertificate, CA_LIFETIME_MS } = await import(
    "@lgtm-lab/certificates"
  );
  const folder = folderOf(stateFolder);
  const namesOfAll = Object.fromEntries(
    CERTIFICATE_OWNERS.map((name) => [name, [...namesOf(name), ...names]]),
  );
  const { loki = [], ...others } = namesOfAll;
  const options = { renewAll, now: Date.now() };
  const made = await ensureCertificates(folder, others, {
    ...options,
    ...(lifetimeMs !== undefined && { lifetimeMs }),
  });
  const { renewed } = await ensureCertificates(folder, { loki }, { ...options, lifetimeMs: CA_LIFETIME_MS });
  await ensureExpiredCertificate(folder, EXPIRED, namesOf("service-a"));
  return { ...made, renewed: [...made.renewed, ...renewed] };
}

/** How often the certificates are checked. After a suspension they may have expired. */
export const RENEW_MS = 60_000;

/** Renews the certificates of a running stack until the returned function is called. `failed` gets each new failure. */
export function keepCertificatesValid(
  stateFolder: string,
  choices: CertificateChoices,
  failed: (text: string) => void,
): () => void {
  let last: string | undefined;
  const renew = async () => {
    try {
      await makeCertificates(stateFolder, choices);
      last = undefined;
    } catch (error) {
      const text = messageOf(error);
      if (text !== last) failed(text);
      last = text;
    }
  };
  const timer = setInterval(renew, RENEW_MS).unref();
  return () => clearInterval(timer);
}

/** Lets the requests of this process accept the certificates of a stack, if it uses TLS. Throws a LabError. */
export function trustCertificates(stateFolder: string, { usesTls }: Pick<Ports, "usesTls">): void {
  if (!usesTls) return;
  try {
    const authority = readFileSync(authorityFile(stateFolder), "utf8");
    const known = getCACertificates("default");
    if (!known.includes(authority)) setDefaultCACertificates([...known, authority]);
  } catch (error) {
    throw new LabError(
      `The certificate of the lab's CA cannot be read: ${messageOf(error)}\n  fix: npx lab certificates`,
    );
  }
}
