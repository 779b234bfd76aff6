// Plain JavaScript without a package: scripts/bootstrap.mjs imports it on any Node from 18 on, before there are packages.

const NAMES_A_PROXY = /^(https?|all|grpc|ftp)_proxy$/i;

/** This machine, as the clients match it: most compare names, some know CIDR, and undici keeps the brackets of IPv6. */
const LOOPBACK = ["localhost", "127.0.0.1", "127.0.0.0/8", "::1", "[::1]"];

/** `no_proxy` and `NO_PROXY` with the user's own entries and loopback; neither where the environment names no proxy. */
export function noProxyVariables(variables) {
  if (!Object.entries(variables).some(([name, value]) => value && NAMES_A_PROXY.test(name))) return {};
  const entries = `${variables.no_proxy ?? ""},${variables.NO_PROXY ?? ""}`.split(/[\s,]+/).filter(Boolean);
  // undici takes "*" for all hosts only where it stands alone.
  const list = entries.includes("*") ? "*" : [...new Set([...entries, ...LOOPBACK])].join(",");
  return { no_proxy: list, NO_PROXY: list };
}
