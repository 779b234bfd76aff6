import type { FaultSettings } from "@lgtm-lab/faults";
import { addressesOf, type Env, isResilient } from "../env.ts";
import { grpcProtocol } from "../services/grpc.ts";
import { restProtocol } from "../services/rest.ts";
import {
  type InstanceAddress,
  type InstanceAddresses,
  joinClients,
  type ProtocolClients,
  type ServiceClients,
} from "../services/service-clients.ts";
import { lossyProxy } from "./lossy-proxy.ts";

/** Clients that can send their calls through lossy proxies, which reset connections and delay responses. */
export interface SwitchableClients extends ServiceClients {
  /** Sends new calls through lossy proxies. Returns a function that undoes this. */
  useLossyLink(settings: FaultSettings<"link">): Promise<() => void>;
}

/** Creates the clients for the addresses, the protocol and the mechanisms in the environment. */
export async function connectServices(env: Env): Promise<SwitchableClients> {
  const [a, b] = addressesOf(env);
  const addresses: InstanceAddresses = [named(a), named(b)];
  const { connect, current: addressesNow } = await connectorFor(env);
  const direct = connect(addresses);
  let current = direct;
  return {
    greet: (params, call) => current.greet(params, call),
    stream: (params, call) => current.stream(params, call),
    collect: (params, call) => current.collect(params, call),
    probe: () => current.probe(),
    close: () => direct.close(),
    async useLossyLink(settings) {
      const { proxied, close } = await lossyAddresses(addressesNow(addresses), settings, env.protocol);
      const throughProxies = connect(proxied);
      current = throughProxies;
      return () => {
        current = direct;
        throughProxies.close();
        close();
      };
    },
  };
}

const named = (list: readonly string[]): InstanceAddress[] =>
  list.map((address) => ({ name: address, address }));

/** Creates clients. */
interface Connector {
  connect(addresses: InstanceAddresses): ServiceClients;
  /** Returns the addresses with those that are in files now. */
  current(addresses: InstanceAddresses): InstanceAddresses;
}

/**
 * Returns what creates the clients. The mechanisms of docs/resilience.md are loaded only if one is used, so
 * that they cost nothing otherwise.
 */
async function connectorFor(env: Env): Promise<Connector> {
  const tls = env.upstreamTls && (await import("./tls.ts")).upstreamTls(env.upstreamTls);
  const protocol: ProtocolClients = env.protocol === "grpc" ? grpcProtocol(tls) : restProtocol(tls);
  if (isResilient(env)) {
    const { resilientClients } = await import("../resilience/upstream.ts");
    const { addressesNow } = await import("../resilience/discovery.ts");
    const now = (all: readonly InstanceAddress[]) =>
      named(
        addressesNow(
          all.map(({ address }) => address),
          protocol.isAddress,
        ),
      );
    return {
      connect: (addresses) => resilientClients(protocol, addresses, env),
      current: ([a, b]) => [now(a), now(b)],
    };
  }
  return {
    connect: ([[a], [b]]) =>
      joinClients(protocol.greeting(a?.address ?? ""), protocol.numbers(b?.address ?? "")),
    current: (addresses) => addresses,
  };
}

/** Starts a lossy proxy in front of each address. Returns the addresses of the proxies. */
async function lossyAddresses(
  [a, b]: InstanceAddresses,
  settings: FaultSettings<"link">,
  protocol: Env["protocol"],
) {
  const proxies: { close(): void }[] = [];
  const proxyFor = async ({ name, address }: InstanceAddress) => {
    const url = new URL(protocol === "grpc" ? `tcp://${address}` : address);
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    const proxy = await lossyProxy({ host: url.hostname, port }, settings);
    proxies.push(proxy);
    return { name, address: `${protocol === "grpc" ? "" : `${url.protocol}//`}${proxy.host}:${proxy.port}` };
  };
  const proxied: InstanceAddresses = [await Promise.all(a.map(proxyFor)), await Promise.all(b.map(proxyFor))];
  return {
    proxied,
    close: () => {
      for (const proxy of proxies) proxy.close();
    },
  };
}
