const PROXIES = ["grpc_proxy", "https_proxy", "http_proxy"];

/** This machine, in the forms in which grpc-js matches a host: the end of its name, or an IPv4 range. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "0.0.0.0", "::1"];

/**
 * Keeps gRPC calls to this machine away from the environment's proxy, which grpc-js would use otherwise. Sets
 * `no_grpc_proxy`, which only gRPC reads, so other requests of the process are not affected. It includes the user's own
 * entries; grpc-js itself reads neither `NO_PROXY`, nor `*`, nor spaces.
 */
export function keepLoopbackDirect(): void {
  if (!PROXIES.some((name) => process.env[name])) return;
  const { no_grpc_proxy, no_proxy, NO_PROXY } = process.env;
  const own = (no_grpc_proxy || `${no_proxy ?? ""},${NO_PROXY ?? ""}`).split(/[\s,]+/).filter(Boolean);
  // For grpc-js every name ends with the empty entry.
  const entries = own.map((entry) => (entry === "*" ? "" : entry.replace(/^\*\./, ".")));
  process.env.no_grpc_proxy = [...new Set([...LOOPBACK, ...entries])].join(",");
}
