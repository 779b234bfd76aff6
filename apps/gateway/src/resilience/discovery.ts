import dns from "node:dns/promises";
import { isIP } from "node:net";

/** Returns the IP addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const resolveByDns: Resolve = async (hostname) =>
  (await dns.lookup(hostname, { all: true })).map(({ address }) => address);

/** More instances of one name are ignored, because each has its own series. */
const MAX_INSTANCES = 64;

/**
 * Resolves the names in addresses (`host:port`, `http://host:port`) at once and then every `intervalMs`, until the
 * returned function is called. Calls `found` with one address for each IP address. A name that cannot be resolved keeps
 * its last addresses, and before that counts as one address.
 */
export function watchAddresses(
  addresses: readonly string[],
  intervalMs: number,
  found: (addresses: readonly string[]) => void,
  resolve: Resolve = resolveByDns,
): () => void {
  const last = new Map(addresses.map((address) => [address, [address] as readonly string[]]));
  const resolveAll = async () => {
    await Promise.all(
      addresses.map(async (address) => {
        const resolved = await resolveAddress(address, resolve).catch(() => []);
        if (resolved.length > 0) last.set(address, resolved);
      }),
    );
    if (stopped) return;
    found([...new Set([...last.values()].flat())].slice(0, MAX_INSTANCES));
    timer = setTimeout(resolveAll, intervalMs).unref();
  };
  let stopped = false;
  let timer = setTimeout(resolveAll, 0).unref();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Replaces the name in an address by each of its IP addresses. The certificate of an https address needs its name. */
async function resolveAddress(address: string, resolve: Resolve): Promise<readonly string[]> {
  const isUrl = address.includes("://");
  const url = new URL(isUrl ? address : `tcp://${address}`);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(hostname) !== 0 || url.protocol === "https:") return [address];
  const port = url.port === "" ? "" : `:${url.port}`;
  return [...(await resolve(hostname))].sort().map((ip) => {
    const host = `${isIP(ip) === 6 ? `[${ip}]` : ip}${port}`;
    return isUrl ? `${url.protocol}//${host}${url.pathname.replace(/\/$/, "")}` : host;
  });
}
