import type { Env } from "../env.ts";

/** A program that the console asks: how it is called, where it is, and what answers 200 there once it works. */
export interface Backend {
  /** The component's name, as the `lab` command has it. */
  readonly name: string;
  readonly title: string;
  readonly address: string;
  readonly ready: string;
  /** The lab also works without it. */
  readonly optional?: boolean;
}

/** Every one of them. */
export function backendsOf(env: Env) {
  return {
    gateway: {
      name: "gateway",
      title: "The gateway in front of gRPC",
      address: env.GATEWAY_URL,
      ready: "/readyz",
    },
    gatewayRest: {
      name: "gateway-rest",
      title: "The gateway in front of REST",
      address: env.GATEWAY_REST_URL,
      ready: "/readyz",
    },
    prometheus: {
      name: "prometheus",
      title: "Prometheus",
      address: env.PROMETHEUS_URL,
      ready: "/-/ready",
    },
    tempo: { name: "tempo", title: "Tempo", address: env.TEMPO_URL, ready: "/ready" },
    loki: { name: "loki", title: "Loki", address: env.CONSOLE_LOKI_URL, ready: "/ready" },
    alertmanager: {
      name: "alertmanager",
      title: "Alertmanager",
      address: env.ALERTMANAGER_URL,
      ready: "/-/ready",
    },
  } as const satisfies Record<string, Backend>;
}

/** What brings a backend back. The lab starts again what dies, so there is something to read first. */
export const wayBack = ({ name }: Pick<Backend, "name">): string =>
  `\`npx lab status\` shows what runs, \`npx lab logs ${name}\` shows its log, and \`npm start\` starts the lab.`;
