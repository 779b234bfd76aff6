import * as v from "valibot";

const file = v.optional(v.string());

/** The variables of a server with TLS; `TLS_CA_FILE` only if it checks the certificates of its clients. */
export const serverTlsVariables = { TLS_CERT_FILE: file, TLS_KEY_FILE: file };
export const mutualTlsVariables = { ...serverTlsVariables, TLS_CA_FILE: file };
/** The variables of a program that calls servers with TLS, and has a certificate as their client. */
export const upstreamTlsVariables = {
  UPSTREAM_TLS_CERT_FILE: file,
  UPSTREAM_TLS_KEY_FILE: file,
  UPSTREAM_TLS_CA_FILE: file,
};

/** A file, and the variable that names it. */
export interface TlsFile {
  readonly variable: string;
  readonly path: string;
}

/** A certificate, its private key, and the certificates of the CAs that issue those of its peers. */
export interface TlsFiles {
  readonly cert: TlsFile;
  readonly key: TlsFile;
  readonly ca?: TlsFile;
}

/**
 * Returns the files that the given variables (the keys of a schema above) name; undefined if none is set. Throws if only
 * some of them are set, because a connection would be less secure than intended.
 */
export function tlsFilesOf(
  schema: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, unknown>>,
): TlsFiles | undefined {
  const variables = Object.keys(schema);
  const missing = variables.filter((name) => env[name] === undefined);
  if (missing.length === variables.length) return undefined;
  if (missing.length > 0)
    throw new Error(`${missing.join(" and ")} must also be set. TLS needs ${variables.join(", ")}.`);
  const of = (part: string): TlsFile | undefined => {
    const variable = variables.find((name) => name.endsWith(`_${part}_FILE`));
    return variable === undefined ? undefined : { variable, path: String(env[variable]) };
  };
  const ca = of("CA");
  return { cert: of("CERT") as TlsFile, key: of("KEY") as TlsFile, ...(ca && { ca }) };
}
