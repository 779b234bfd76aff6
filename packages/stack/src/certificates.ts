import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { AUTHORITY, certificateFiles } from "@lgtm-lab/certificates/files";
import { LabError, messageOf, SERVICE_NAMES, type ServiceName } from "@lgtm-lab/contracts";
import type { Ports } from "./ports.ts";

/** Returns the folder of the lab's certificates in a state folder. */
const folderOf = (stateFolder: string) => join(stateFolder, "tls");

/** Returns the path of the certificate of the lab's CA. */
export const authorityFile = (stateFolder: string): string =>
  certificateFiles(folderOf(stateFolder), AUTHORITY).cert;

/** Returns the paths of a service's certificate and key, and of the certificate of the CA. */
export const certificatePaths = (stateFolder: string, service: ServiceName) => ({
  ...certificateFiles(folderOf(stateFolder), service),
  ca: authorityFile(stateFolder),
});

/** The DNS names of a service on this machine, in docker-compose.yml and in Kubernetes. The first is its identity. */
const namesOf = (service: ServiceName): readonly string[] => [
  service,
  `${service}.pspd`,
  `${service}.pspd.svc`,
  `${service}.pspd.svc.cluster.local`,
  "localhost",
  "127.0.0.1",
  "::1",
];

/** How `lab` makes certificates. */
export interface CertificateChoices {
  readonly lifetimeMs?: number | undefined;
  readonly renewAll?: boolean;
  /** Further names of every service, such as the address of another machine. */
  readonly names?: readonly string[];
}

/**
 * Makes the certificates of all services in a folder (default: `tls` in the state folder), and renews those whose lifetime
 * is half over. Returns what is new, and when the first of them expires. Throws a LabError.
 */
export async function makeCertificates(
  stateFolder: string,
  { lifetimeMs, renewAll = false, names = [] }: CertificateChoices = {},
) {
  const { ensureCertificates } = await import("@lgtm-lab/certificates");
  const owners = Object.fromEntries(SERVICE_NAMES.map((name) => [name, [...namesOf(name), ...names]]));
  const options = { renewAll, ...(lifetimeMs !== undefined && { lifetimeMs }) };
  return await ensureCertificates(folderOf(stateFolder), owners, options);
}

/** How often the launcher looks for certificates to renew. After a suspension they may have expired. */
const RENEW_MS = 60_000;

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

/** Lets the requests of this process accept the certificates of a stack, if its services use TLS. Throws a LabError. */
export function trustCertificates(
  stateFolder: string,
  { servicesUseTls }: Pick<Ports, "servicesUseTls">,
): void {
  if (!servicesUseTls) return;
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
