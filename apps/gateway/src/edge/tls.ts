import type { TlsFiles } from "@lgtm-lab/service-runtime";
import { type HttpTls, httpTls, TlsCredentials } from "@lgtm-lab/service-runtime/tls";

/** Returns what the gateway's server needs to use TLS, for any client. Throws if a file cannot be used. */
export const edgeTls = (files: TlsFiles): HttpTls => httpTls(new TlsCredentials({ files, role: "server" }));
