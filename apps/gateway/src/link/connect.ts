import type { Settings } from "@lgtm-lab/kit";
import type { Backend } from "../backend/backend.ts";
import { grpcBackend } from "../backend/grpc.ts";
import { restBackend } from "../backend/rest.ts";
import type { Env } from "../env.ts";
import { lossyProxy } from "./lossy-proxy.ts";

/** A backend that can be reached by a bad line instead. */
export interface SwitchableBackend extends Backend {
  /** Leads every further call through lossy proxies; what it gives leads them straight again. */
  useLossyLink(settings: Settings<"link">): Promise<() => void>;
}

type Addresses = Pick<
  Env,
  "BACKEND" | "SERVICE_A_GRPC" | "SERVICE_B_GRPC" | "SERVICE_A_REST" | "SERVICE_B_REST"
>;

const backendAt = (env: Addresses): Backend =>
  env.BACKEND === "grpc"
    ? grpcBackend(env.SERVICE_A_GRPC, env.SERVICE_B_GRPC)
    : restBackend(env.SERVICE_A_REST, env.SERVICE_B_REST);

/** A and B as the environment says. */
export function connect(env: Addresses): SwitchableBackend {
  const direct = backendAt(env);
  let current = direct;
  return {
    greet: (params, call) => current.greet(params, call),
    stream: (params, call) => current.stream(params, call),
    ...(direct.collect && {
      collect: (params, call) => (current.collect as NonNullable<Backend["collect"]>)(params, call),
    }),
    probe: () => current.probe(),
    close: () => direct.close(),
    async useLossyLink(settings) {
      const { lossy, close } = await lossyAddresses(env, settings);
      const through = backendAt(lossy);
      current = through;
      return () => {
        current = direct;
        through.close();
        close();
      };
    },
  };
}

/** The same addresses, each behind a proxy of its own. */
async function lossyAddresses(env: Addresses, settings: Settings<"link">) {
  const proxies: { close(): void }[] = [];
  const behind = async (address: string) => {
    const { hostname, port } = new URL(address);
    const proxy = await lossyProxy({ host: hostname, port: Number(port || 80) }, settings);
    proxies.push(proxy);
    return `${proxy.host}:${proxy.port}`;
  };
  const lossy =
    env.BACKEND === "grpc"
      ? {
          ...env,
          SERVICE_A_GRPC: await behind(`tcp://${env.SERVICE_A_GRPC}`),
          SERVICE_B_GRPC: await behind(`tcp://${env.SERVICE_B_GRPC}`),
        }
      : {
          ...env,
          SERVICE_A_REST: `http://${await behind(env.SERVICE_A_REST)}`,
          SERVICE_B_REST: `http://${await behind(env.SERVICE_B_REST)}`,
        };
  return {
    lossy,
    close: () => {
      for (const proxy of proxies) proxy.close();
    },
  };
}
