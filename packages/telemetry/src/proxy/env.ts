const PROXIES = ["grpc_proxy", "https_proxy", "http_proxy"];

/** This machine's names and addresses for grpc-js, which compares the end of a host name or an IPv4 range. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "0.0.0.0", "::1"];

/**
 * Prevents gRPC calls to this machine from using the environment's proxy. Sets `no_grpc_proxy`, which only gRPC reads,
 * so other requests of the process are not affected. It includes the user's own entries; grpc-js itself reads neither
 * `NO_PROXY`, nor `*`, nor spaces.
 */
export function keepLoopbackDirect(): void {
  if (!PROXIES.some((name) => process.env[name])) return;
  const { no_grpc_proxy, no_proxy, NO_PROXY } = process.env;
  const own = (no_grpc_proxy || `${no_proxy ?? ""},${NO_PROXY ?? ""}`).split(/[\s,]+/).filter(Boolean);
  // An empty entry would match every name in grpc-js.
  const entries = own.map((entry) => (entry === "*" ? "" : entry.replace(/^\*\./, ".")));
  process.env.no_grpc_proxy = [...new Set([...LOOPBACK, ...entries])].join(",");
}
