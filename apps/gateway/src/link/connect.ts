import type { FaultSettings } from "@lgtm-lab/faults";
import type { Env } from "../env.ts";
import type { ServiceClients } from "../services/clients.ts";
import { grpcClients } from "../services/grpc.ts";
import { restClients } from "../services/rest.ts";
import { lossyProxy } from "./lossy-proxy.ts";

/** Clients that can send their calls through lossy proxies, which reset connections and delay responses. */
export interface SwitchableClients extends ServiceClients {
  /** Sends new calls through lossy proxies. Returns a function that undoes this. */
  useLossyLink(settings: FaultSettings<"link">): Promise<() => void>;
}

type Addresses = Pick<
  Env,
  "BACKEND" | "SERVICE_A_GRPC" | "SERVICE_B_GRPC" | "SERVICE_A_REST" | "SERVICE_B_REST"
>;

const clientsAt = (env: Addresses): ServiceClients =>
  env.BACKEND === "grpc"
    ? grpcClients(env.SERVICE_A_GRPC, env.SERVICE_B_GRPC)
    : restClients(env.SERVICE_A_REST, env.SERVICE_B_REST);

/** Creates the clients for the addresses and the protocol in the environment. */
export function connectServices(env: Addresses): SwitchableClients {
  const direct = clientsAt(env);
  let current = direct;
  return {
    greet: (params, call) => current.greet(params, call),
    stream: (params, call) => current.stream(params, call),
    ...(direct.collect && {
      collect: (params, call) => (current.collect as NonNullable<ServiceClients["collect"]>)(params, call),
    }),
    probe: () => current.probe(),
    close: () => direct.close(),
    async useLossyLink(settings) {
      const { proxied, close } = await lossyAddresses(env, settings);
      const throughProxies = clientsAt(proxied);
      current = throughProxies;
      return () => {
        current = direct;
        throughProxies.close();
        close();
      };
    },
  };
}

/** Starts a lossy proxy in front of each address. Returns the settings with the addresses of the proxies. */
async function lossyAddresses(env: Addresses, settings: FaultSettings<"link">) {
  const proxies: { close(): void }[] = [];
  const proxyFor = async (address: string) => {
    const { hostname, port } = new URL(address);
    const proxy = await lossyProxy({ host: hostname, port: Number(port || 80) }, settings);
    proxies.push(proxy);
    return `${proxy.host}:${proxy.port}`;
  };
  const proxied =
    env.BACKEND === "grpc"
      ? {
          ...env,
          SERVICE_A_GRPC: await proxyFor(`tcp://${env.SERVICE_A_GRPC}`),
          SERVICE_B_GRPC: await proxyFor(`tcp://${env.SERVICE_B_GRPC}`),
        }
      : {
          ...env,
          SERVICE_A_REST: `http://${await proxyFor(env.SERVICE_A_REST)}`,
          SERVICE_B_REST: `http://${await proxyFor(env.SERVICE_B_REST)}`,
        };
  return {
    proxied,
    close: () => {
      for (const proxy of proxies) proxy.close();
    },
  };
}
