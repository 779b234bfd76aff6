import dns from "node:dns/promises";
import { isIP, isIPv4 } from "node:net";
import { logger } from "@lgtm-lab/telemetry";

/** Returns the IP addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const resolveByDns: Resolve = async (hostname) =>
  (await dns.lookup(hostname, { all: true })).map(({ address }) => address);

/** Further instances of a service are ignored, because each has its own series. */
const MAX_INSTANCES = 64;

/**
 * Resolves the names in addresses (`host:port`, `http://host:port`) at once and then every `intervalMs`, until the
 * returned function is called. Calls `found` with one address for each IP address. A name that cannot be resolved keeps
 * its last addresses, and before that counts as one address; it is logged when that begins and when it ends.
 */
export function watchAddresses(
  addresses: readonly string[],
  intervalMs: number,
  found: (addresses: readonly string[]) => void,
  resolve: Resolve = resolveByDns,
): () => void {
  const last = new Map(addresses.map((address) => [address, [address] as readonly string[]]));
  const unresolved = new Set<string>();
  const resolveOne = async (address: string) => {
    try {
      last.set(address, await resolveAddress(address, resolve));
      if (unresolved.delete(address)) logger.warn({ address }, "address is resolved again");
    } catch (error) {
      if (unresolved.has(address)) return;
      unresolved.add(address);
      logger.warn({ address, err: error }, "address cannot be resolved");
    }
  };
  const resolveAll = async () => {
    await Promise.all(addresses.map(resolveOne));
    if (stopped) return;
    try {
      found([...new Set([...last.values()].flat())].slice(0, MAX_INSTANCES));
    } catch (error) {
      logger.error({ err: error }, "the resolved addresses cannot be used");
    } finally {
      timer = setTimeout(resolveAll, intervalMs).unref();
    }
  };
  let stopped = false;
  let timer = setTimeout(resolveAll, 0).unref();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/**
 * Replaces the name in an address by each of its IPv4 addresses, or by its IPv6 addresses if it has no others: both kinds
 * usually are the same instances, as of `localhost`. The certificate of an https address needs its name. Throws if there
 * is no address.
 */
async function resolveAddress(address: string, resolve: Resolve): Promise<readonly string[]> {
  const isUrl = address.includes("://");
  const url = new URL(isUrl ? address : `tcp://${address}`);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(hostname) !== 0 || url.protocol === "https:") return [address];
  const port = url.port === "" ? "" : `:${url.port}`;
  const all = [...(await resolve(hostname))].sort();
  if (all.length === 0) throw new Error(`${hostname} has no address.`);
  const v4 = all.filter(isIPv4);
  return (v4.length > 0 ? v4 : all).map((ip) => {
    const host = `${isIP(ip) === 6 ? `[${ip}]` : ip}${port}`;
    return isUrl ? `${url.protocol}//${host}${url.pathname.replace(/\/$/, "")}` : host;
  });
}
