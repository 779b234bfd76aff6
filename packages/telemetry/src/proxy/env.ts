const PROXIES = ["grpc_proxy", "https_proxy", "http_proxy"];

/** This machine, as grpc-js matches a host: by the end of its name, or as an address in an IPv4 range. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "0.0.0.0", "::1"];

/**
 * Keeps gRPC calls to this machine away from the environment's proxy, to which grpc-js sends them otherwise. Sets
 * `no_grpc_proxy`, which only gRPC reads: the process's other requests go where they went. It has the user's own entries
 * too; grpc-js itself reads neither `NO_PROXY`, nor `*`, nor blanks.
 */
export function keepLoopbackDirect(): void {
  if (!PROXIES.some((name) => process.env[name])) return;
  const { no_grpc_proxy, no_proxy, NO_PROXY } = process.env;
  const own = (no_grpc_proxy || `${no_proxy ?? ""},${NO_PROXY ?? ""}`).split(/[\s,]+/).filter(Boolean);
  // To grpc-js every name ends with the empty entry.
  const entries = own.map((entry) => (entry === "*" ? "" : entry.replace(/^\*\./, ".")));
  process.env.no_grpc_proxy = [...new Set([...LOOPBACK, ...entries])].join(",");
}
