import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { TRUST_MS } from "@lgtm-lab/certificates";
import { messageOf } from "@lgtm-lab/contracts";
import {
  authorityFile,
  type CertificateOwner,
  certificatePaths,
  expiredCertificatePaths,
  makeCertificates,
  RENEW_MS,
} from "../../packages/stack/src/certificates.ts";
import { replaceFile } from "../../packages/stack/src/components/configuration.ts";
import { CERTIFICATES, SERVICE_USER, TLS, USERS } from "./env.ts";

/**
 * The container `certificates` of docker-compose.tls.yml. Issues and renews the certificates as `lab up --tls` does, in its
 * own volume, and copies the files of each owner to a separate volume. It does not run as root: it gives files to the
 * groups of other users, of which it is a member.
 */

/** The volume for clients without a certificate: only the certificate of the CA. */
const CLIENTS = "ca";
const OWNER_AND_GROUP_MAY_READ = 0o640;
const ALL_MAY_READ = 0o644;
/** Changed after each round without errors in this run. The health check looks at its age. */
const RENEWED = join(CERTIFICATES, "renewed");

const owners = readdirSync(TLS).filter((name) => name !== CLIENTS) as CertificateOwner[];

rmSync(RENEWED, { force: true }); // of an earlier run
let failure: string | undefined;
while (true) {
  try {
    await renew();
    failure = undefined;
  } catch (error) {
    const message = messageOf(error);
    if (message !== failure) console.error(message);
    failure = message;
  }
  await setTimeout(RENEW_MS);
}

async function renew(): Promise<void> {
  const { renewed } = await makeCertificates(CERTIFICATES);
  const authority = authorityFile(CERTIFICATES);
  const isReplaced = copy(authority, join(TLS, CLIENTS, "ca.crt"), { mode: ALL_MAY_READ });
  for (const owner of owners) provide(owner, { "ca.crt": authority });
  // Before a new CA issues the certificates in use, all programs must load it.
  if (isReplaced) await setTimeout(TRUST_MS);
  for (const owner of owners) {
    const { cert, key } = certificatePaths(CERTIFICATES, owner);
    provide(owner, { "tls.key": key, "tls.crt": cert });
  }
  if (owners.includes("service-a")) {
    const { cert, key } = expiredCertificatePaths(CERTIFICATES);
    provide("service-a", { "expired.key": key, "expired.crt": cert });
  }
  writeFileSync(RENEWED, "");
  if (renewed.length > 0) console.log(`new certificates: ${renewed.join(", ")}`);
}

/** Copies files to the volume of an owner. */
function provide(owner: CertificateOwner, files: Readonly<Record<string, string>>): void {
  const group = owner in USERS ? USERS[owner as keyof typeof USERS] : SERVICE_USER;
  for (const [name, from] of Object.entries(files))
    copy(from, join(TLS, owner, name), { mode: OWNER_AND_GROUP_MAY_READ, group });
}

/** Copies a file unless the copy is the same. Returns whether it has replaced another content. */
function copy(from: string, to: string, options: { mode: number; group?: number }): boolean {
  const text = readFileSync(from);
  const present = existsSync(to) ? readFileSync(to) : undefined;
  if (present?.equals(text)) return false;
  replaceFile(to, text, options);
  return present !== undefined;
}
