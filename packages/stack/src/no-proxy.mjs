// Plain JavaScript without a package, because scripts/bootstrap.mjs imports it on any Node from 18 on, before packages
// are installed.

const NAMES_A_PROXY = /^(https?|all|grpc|ftp)_proxy$/i;

/**
 * This machine's names and addresses for all clients: most compare names, some support CIDR, and undici keeps the
 * brackets of IPv6.
 */
const LOOPBACK = ["localhost", "127.0.0.1", "127.0.0.0/8", "::1", "[::1]"];

/**
 * Returns `no_proxy` and `NO_PROXY` with the user's own entries, loopback and more addresses, or neither if the
 * environment has no proxy.
 */
export function noProxyVariables(variables, addresses = []) {
  if (!Object.entries(variables).some(([name, value]) => value && NAMES_A_PROXY.test(name))) return {};
  const entries = `${variables.no_proxy ?? ""},${variables.NO_PROXY ?? ""}`.split(/[\s,]+/).filter(Boolean);
  // In undici "*" means all hosts only if it is the only entry.
  const list = entries.includes("*") ? "*" : [...new Set([...entries, ...LOOPBACK, ...addresses])].join(",");
  return { no_proxy: list, NO_PROXY: list };
}
