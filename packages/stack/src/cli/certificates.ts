import { isIP } from "node:net";
import { AUTHORITY } from "@lgtm-lab/certificates/files";
import { LabError } from "@lgtm-lab/contracts";
import { authorityFile, CERTIFICATE_OWNERS, makeCertificates } from "../certificates.ts";
import { readEnvironment } from "../env.ts";
import { prepareStateFolder } from "../supervisor/state-folder.ts";

const MAX_DAYS = 90;

const DNS_NAME = /^(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i;

/** The options of `lab certificates`, as the user wrote them. */
interface CertificateArguments {
  readonly days: string;
  readonly name: readonly string[];
}

/** Runs `lab certificates`: makes or renews all certificates. Returns the exit code. */
export async function certificates({ days, name }: CertificateArguments): Promise<number> {
  if (!/^\d+$/.test(days) || Number(days) < 1 || Number(days) > MAX_DAYS)
    throw new LabError(`--days ${days} is not valid: it must be a whole number from 1 to ${MAX_DAYS}.`);
  for (const each of name) {
    if (isIP(each) === 0 && !DNS_NAME.test(each))
      throw new LabError(`--name ${each} is not valid: it must be a DNS name or an IP address.`);
    if (CERTIFICATE_OWNERS.some((owner) => owner === each.toLowerCase()))
      throw new LabError(
        `--name ${each} is not valid: it is the identity of a component, and every certificate would have it.`,
      );
  }
  const lifetimeMs = Number(days) * 24 * 3_600_000;
  const { stateFolder } = readEnvironment();
  prepareStateFolder(stateFolder);
  const made = await makeCertificates(stateFolder, { lifetimeMs, names: name, renewAll: true });
  console.log(
    `New certificates of ${made.renewed.filter((owner) => owner !== AUTHORITY).join(", ")}, valid until ${made.expires.toISOString()}.`,
  );
  console.log(`The certificate of their CA: ${authorityFile(stateFolder)}`);
  return 0;
}
