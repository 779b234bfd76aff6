/** `@lgtm-lab/certificates/files`: where the files are, without the code that creates them. */
import { join } from "node:path";

/** The paths of a certificate and its private key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The owner name of the CA's own certificate. */
export const AUTHORITY = "ca";

/** Returns the paths of the certificate of an owner in a folder. */
export const certificateFiles = (folder: string, owner: string): CertificateFiles => ({
  cert: join(folder, `${owner}.pem`),
  key: join(folder, `${owner}-key.pem`),
});
