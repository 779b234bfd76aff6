import type { SloProfile } from "../env.ts";
import type { Ports, PortVariable } from "../ports.ts";
import type { Binary, ResolveOptions } from "../programs/program.ts";

/**
 * The order in which a stack stops: who sends first, then who receives. Within a stage all stop at once. The console is
 * last, since Alertmanager tells it of alerts until its own end.
 */
export const STAGES = ["traffic", "edge", "service", "collector", "backend", "console"] as const;
export type Stage = (typeof STAGES)[number];

/** One of our own programs, run by the Node that runs the lab. */
export interface NodeProgram {
  readonly kind: "node";
  readonly version: string;
}

/**
 * Settings of glibc's allocator for our Node programs. Otherwise each thread has an arena, which keeps the memory that the
 * start and the JIT compiler needed.
 */
export const NODE_MALLOC = { MALLOC_ARENA_MAX: "2" } as const;

/**
 * Returns each block of 32 KB or more to the system when it is freed, among them those of the JIT compiler. Not for the
 * services, because reading from a gRPC connection allocates such a block.
 */
export const RETURN_LARGE_BLOCKS = { MALLOC_MMAP_THRESHOLD_: "32768" } as const;

/** What a component's arguments, environment and addresses may be computed from. */
export interface Place {
  readonly ports: Ports;
  /** The clone. */
  readonly root: string;
  /** `.lab`, shared by all components. */
  readonly state: string;
  /** `.lab/<name>-<version>`, this component's own. */
  readonly data: string;
  readonly sloProfile: SloProfile;
  /** Opens the fault admin ports of this stack. */
  readonly faultToken: string;
  /** The one that the user chose for Grafana's admin. */
  readonly grafanaPassword?: string | undefined;
  /** The program itself. */
  readonly program: string;
}

/** What a component that is built from the clone is built with. */
export type BuildOptions = Pick<ResolveOptions, "root" | "cache" | "signal" | "progress" | "helper">;

export interface Component {
  readonly name: string;
  /** `service.name` in telemetry, and the `service_name` label of its scrape target. */
  readonly serviceName: string;
  readonly stage: Stage;
  readonly program: Binary | NodeProgram;
  /** Every port it opens; `.[0]` is the one people use. */
  readonly ports: readonly PortVariable[];
  /** The port Prometheus scrapes, and the target file it is listed in. */
  readonly scrape?: { readonly port: PortVariable; readonly file: "services" | "stack" };
  readonly args: (place: Place) => readonly string[];
  readonly env?: (place: Place) => Readonly<Record<string, string>>;
  readonly cwd?: (place: Place) => string;
  /** Answers 200 once the component works; without one it counts as ready once it runs. */
  readonly readyUrl?: (place: Pick<Place, "ports">) => string;
  /** Checks the 200 response body: are the component's dependencies up as well? */
  readonly whole?: (body: string) => boolean;
  /**
   * Makes what it shows once it runs, where that is missing or old. A failure is told, and the component is started all the
   * same.
   */
  readonly build?: (options: BuildOptions) => Promise<unknown>;
  /** Writes what the component wants to find in its folders before it starts. */
  readonly prepare?: (place: Place) => void;
  /** The user's own OTEL_*, LOKI_URL, LOG_LEVEL … reach it (they would only disturb the backends). */
  readonly telemetry?: boolean;
  /** How long it may take from SIGTERM to its end before it is killed. */
  readonly graceMs?: number;
  /** How long it may take from its start until it is ready. */
  readonly deadlineMs?: number;
}
