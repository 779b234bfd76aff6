import dns from "node:dns/promises";
import { isIP, isIPv4 } from "node:net";
import { logger } from "@lgtm-lab/telemetry";
import { instanceFile } from "../env.ts";
import { FILE_INTERVAL_MS, readSmallFile } from "../small-file.ts";

/** Returns the IP addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const resolveByDns: Resolve = async (hostname) =>
  (await dns.lookup(hostname, { all: true })).map(({ address }) => address);

/** Further instances of a service are ignored, because each has its own series. */
const MAX_ADDRESSES = 64;

/** How addresses are watched. */
export interface WatchOptions {
  /** The time between two resolutions of the names; 0: they are not resolved. */
  readonly dnsMs: number;
  /**
   * Whether names in https addresses are resolved too: only if the certificate is checked for the name of the service, as
   * with UPSTREAM_TLS_*, not for the host of the address.
   */
  readonly resolvesHttps?: boolean;
  /** Whether a line of a file is an address. */
  readonly isAddress: (text: string) => boolean;
  readonly resolve?: Resolve;
  readonly fileMs?: number;
}

/**
 * Watches the sources of addresses until the returned function is called: names in addresses (`host:port`,
 * `http://host:port`), which are resolved, and instances files (`file:/path`). Calls `found` with all addresses after
 * each round. A source that cannot be read keeps its last addresses, and is logged when that begins and when it ends.
 * Before it was read, a name counts as one address, and a file has none.
 */
export function watchAddresses(
  sources: readonly string[],
  {
    dnsMs,
    isAddress,
    resolvesHttps = false,
    resolve = resolveByDns,
    fileMs = FILE_INTERVAL_MS,
  }: WatchOptions,
  found: (addresses: readonly string[]) => void,
): () => void {
  const last = new Map(sources.map((source) => [source, addressesNow([source], isAddress)]));
  const failed = new Map<string, string>();
  const readOne = async (source: string, kind: Kind) => {
    const { field, bad, good, changed } = TEXTS[kind];
    const about = { [field]: instanceFile(source) ?? source };
    try {
      const now = kind === "file" ? readInstances(source, isAddress) : await addressesOf(source);
      const isChanged = now.join() !== last.get(source)?.join();
      last.set(source, now);
      if (failed.delete(source)) logger.info(about, good);
      else if (isChanged && changed) logger.info({ ...about, instances: now.length }, changed);
    } catch (error) {
      const { message } = error as Error;
      if (failed.get(source) === message) return;
      failed.set(source, message);
      logger.warn({ ...about, err: error }, bad);
    }
  };
  const addressesOf = async (source: string) =>
    /^https:/i.test(source) && !resolvesHttps ? [source] : await resolveAddress(source, resolve);
  const watch = (kind: Kind, chosen: readonly string[], intervalMs: number) => {
    const readAll = async () => {
      await Promise.all(chosen.map((source) => readOne(source, kind)));
      if (stopped) return;
      try {
        found([...new Set([...last.values()].flat())].slice(0, MAX_ADDRESSES));
      } catch (error) {
        logger.error({ err: error }, "addresses cannot be used");
      } finally {
        timers.set(kind, setTimeout(readAll, intervalMs).unref());
      }
    };
    if (chosen.length > 0 && intervalMs > 0) timers.set(kind, setTimeout(readAll, 0).unref());
  };
  let stopped = false;
  const timers = new Map<Kind, NodeJS.Timeout>();
  const files = sources.filter((source) => instanceFile(source) !== undefined);
  watch("file", files, fileMs);
  watch(
    "name",
    sources.filter((source) => !files.includes(source)),
    dnsMs,
  );
  return () => {
    stopped = true;
    for (const timer of timers.values()) clearTimeout(timer);
  };
}

type Kind = "name" | "file";

const TEXTS = {
  name: {
    field: "address",
    bad: "address cannot be resolved",
    good: "address is resolved again",
    changed: undefined,
  },
  file: {
    field: "file",
    bad: "instances file cannot be used",
    good: "instances file is used again",
    changed: "instances changed",
  },
} as const;

/** Returns the addresses as they are, with those in the files now. A file that cannot be used has none. */
export const addressesNow = (
  sources: readonly string[],
  isAddress: (text: string) => boolean,
): readonly string[] =>
  sources.flatMap((source) => {
    if (instanceFile(source) === undefined) return [source];
    try {
      return readInstances(source, isAddress);
    } catch {
      return []; // watchAddresses logs why
    }
  });

/** Reads an instances file: an address in each line, or a JSON array of them. Throws an error that says what is wrong. */
function readInstances(source: string, isAddress: (text: string) => boolean): readonly string[] {
  const text = readSmallFile(instanceFile(source) ?? "").trim();
  const list: unknown = text.startsWith("[") ? parseArray(text) : linesOf(text);
  if (!Array.isArray(list) || !list.every((each) => typeof each === "string" && isAddress(each)))
    throw new Error(
      `not an address: ${excerpt([list].flat().find((each) => typeof each !== "string" || !isAddress(each)))}`,
    );
  const different = [...new Set<string>(list)];
  if (different.length === 0) throw new Error("it contains no address");
  if (different.length > MAX_ADDRESSES)
    throw new Error(`it contains ${different.length} addresses; a service has at most ${MAX_ADDRESSES}`);
  return different;
}

function parseArray(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error("it begins with [ but is not a JSON array", { cause: error });
  }
}

/** One address in each line, or a YAML list of addresses (`- address`). Lines that begin with # are comments. */
const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim().replace(/^-\s+/, ""))
    .filter((line) => line !== "" && !line.startsWith("#"));

const excerpt = (value: unknown): string => (JSON.stringify(value) ?? "").slice(0, 100);

/**
 * Replaces the name in an address by each of its IPv4 addresses, or by its IPv6 addresses if it has no others: both kinds
 * usually are the same instances, as of `localhost`. Throws if there is no address.
 */
async function resolveAddress(address: string, resolve: Resolve): Promise<readonly string[]> {
  const isUrl = address.includes("://");
  const url = new URL(isUrl ? address : `tcp://${address}`);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(hostname) !== 0) return [address];
  const port = url.port === "" ? "" : `:${url.port}`;
  const all = [...(await resolve(hostname))].sort();
  if (all.length === 0) throw new Error(`${hostname} has no address.`);
  const v4 = all.filter(isIPv4);
  return (v4.length > 0 ? v4 : all).map((ip) => {
    const host = `${isIP(ip) === 6 ? `[${ip}]` : ip}${port}`;
    return isUrl ? `${url.protocol}//${host}${url.pathname.replace(/\/$/, "")}` : host;
  });
}
