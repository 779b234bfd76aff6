import type { FurtherInstances, SloProfileName } from "@lgtm-lab/contracts";
import type { Ports, PortVariable } from "../ports.ts";
import type { Binary, ResolveOptions } from "../programs/program.ts";

/**
 * The order in which a stack stops: senders before receivers. Within a stage all stop at once. The console is last,
 * because Alertmanager sends alerts to it until Alertmanager stops.
 */
export const STAGES = ["traffic", "gateway", "service", "collector", "backend", "console"] as const;
export type Stage = (typeof STAGES)[number];

/** One of our own programs, run with the same Node as the lab. */
export interface NodeProgram {
  readonly kind: "node";
  readonly version: string;
}

/**
 * Settings of glibc's allocator for our Node programs. Otherwise each thread has an arena, which keeps the memory that
 * the start and the JIT compiler needed.
 */
export const NODE_MALLOC = { MALLOC_ARENA_MAX: "2" } as const;

/**
 * Returns each block of 32 KB or more to the system when it is freed, including blocks of the JIT compiler. Services
 * with gRPC do not use it, because reading from a gRPC connection allocates a block of this size.
 */
export const RETURN_LARGE_BLOCKS = { MALLOC_MMAP_THRESHOLD_: "32768" } as const;

/** The separate host of the client, which sends requests to the gateways, and that of both gateways (`--hosts`). */
export const CLIENT_HOST = "client";
export const GATEWAY_HOST = "gateway";

/** The addresses in the network of the separate hosts (`--hosts`). */
export interface HostAddresses {
  /** This machine's, at which the hosts reach the backends. */
  readonly machineAddress: string;
  /** Those of the hosts, by their names. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** The input of a component's functions: its arguments, environment and addresses are computed from it. */
export interface ComponentContext {
  /** The ports of the stack; for a further instance of a service, with its own ({@link portsOf}). */
  readonly ports: Ports;
  /** The instances that `--scale` adds. */
  readonly instances?: FurtherInstances | undefined;
  /** The separate hosts of `--hosts`. */
  readonly hosts?: HostAddresses | undefined;
  /** The clone. */
  readonly root: string;
  /** `.lab`, shared by all components. */
  readonly stateFolder: string;
  /** `.lab/<name>-<version>`: the data of this component only. */
  readonly data: string;
  readonly sloProfile: SloProfileName;
  /** Opens the fault admin ports of this stack. */
  readonly faultToken: string;
  /** The issuer of access tokens (`iss`) that the gateways accept; undefined: they do not check tokens. */
  readonly tokenIssuer?: string | undefined;
  /** The password that the user chose for Grafana's admin. */
  readonly grafanaPassword?: string | undefined;
  /** The program itself. */
  readonly program: string;
}

/** The options of a function that builds a component's files from the clone. */
export type BuildOptions = Pick<ResolveOptions, "root" | "cache" | "signal" | "progress" | "onHelperProcess">;

export interface Component {
  readonly name: string;
  /** `service.name` in telemetry, and the `service_name` label of its scrape target. */
  readonly serviceName: string;
  readonly stage: Stage;
  /** The separate host that it runs on with `--hosts`; without it, it stays on this machine. */
  readonly host?: string;
  readonly program: Binary | NodeProgram;
  /** Every port that it opens. The first is the one for users. */
  readonly ports: readonly PortVariable[];
  /** The values of its ports if they are not those of the stack: for a further instance of a service. */
  readonly ownPorts?: Partial<Ports>;
  /** The port Prometheus scrapes, and the target file it is listed in. */
  readonly scrape?: { readonly port: PortVariable; readonly file: "services" | "stack" };
  readonly args: (context: ComponentContext) => readonly string[];
  readonly env?: (context: ComponentContext) => Readonly<Record<string, string>>;
  readonly cwd?: (context: ComponentContext) => string;
  /** Responds with 200 when the component is ready. Without it, a component is ready when its process runs. */
  readonly readyUrl?: (context: Pick<ComponentContext, "ports">) => string;
  /** Checks the 200 response body: are the component's dependencies up as well? */
  readonly dependenciesUp?: (body: string) => boolean;
  /**
   * Builds the files that the component serves if they are missing or outdated. A failure is reported, and the
   * component starts anyway.
   */
  readonly build?: (options: BuildOptions) => Promise<unknown>;
  /** Writes the files that the component expects in its folders, before it starts. */
  readonly prepare?: (context: ComponentContext) => void;
  /** Whether it gets the user's OTEL_*, LOKI_URL, LOG_LEVEL and similar variables, which are not for the backends. */
  readonly telemetry?: boolean;
  /** Time from SIGTERM until it is killed. A longer DRAIN_MS than the default is added for those with `telemetry`. */
  readonly graceMs?: number;
  /** Maximum time from its start until it is ready. */
  readonly deadlineMs?: number;
}

/** Returns the ports of a stack as a component has them. */
export const portsOf = ({ ownPorts }: Pick<Component, "ownPorts">, ports: Ports): Ports => ({
  ...ports,
  ...ownPorts,
});
