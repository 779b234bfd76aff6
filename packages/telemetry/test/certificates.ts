import "reflect-metadata"; // for @peculiar/x509
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  X509CertificateGenerator as Generator,
  PemConverter,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";

cryptoProvider.set(webcrypto);

// Not @lgtm-lab/certificates: this package must not depend on others of the lab.
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const HOUR_MS = 3_600_000;

/** A certificate and its private key, in PEM. */
export interface Pair {
  cert: string;
  key: string;
}

/** Creates a CA, and certificates for this machine that it issues: one for a server and one for a client. */
export async function createCertificates(): Promise<{ ca: string; server: Pair; client: Pair }> {
  const keys = await generateKeys();
  const name = `CN=CA ${crypto.randomUUID()}`;
  const validity = { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) };
  const ca = await Generator.createSelfSigned({
    ...validity,
    name,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const issue = async (subject: string): Promise<Pair> => {
    const own = await generateKeys();
    const cert = await Generator.create({
      ...validity,
      subject: `CN=${subject}`,
      issuer: name,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
      ],
    });
    const key = await webcrypto.subtle.exportKey("pkcs8", own.privateKey);
    return { cert: cert.toString("pem"), key: PemConverter.encode(key, "PRIVATE KEY") };
  };
  return { ca: ca.toString("pem"), server: await issue("server"), client: await issue("client") };
}

const generateKeys = () =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
