import type { GatewayState, ServiceName } from "@lgtm-lab/contracts";

/** The name of a fault: `slow-a`. */
export type StackFaultName = (typeof TABLE)[number]["name"];

/** A fault that `lab break` can set on a running stack. */
export interface StackFault {
  readonly name: StackFaultName;
  /** What it does, in one line. */
  readonly effect: string;
  /** The services in which it is set. */
  readonly at: readonly ServiceName[];
  /** The alerts that it causes, except tickets of objectives, which fire minutes after the pages. */
  readonly alerts: readonly FaultAlert[];
  /** The component that the launcher kills at each start. */
  readonly kills?: ServiceName;
  /** Whether it is set in one instance only; without a number, in the last one. */
  readonly inOneInstance?: boolean;
  /** The mechanism of the gateways that the fault demonstrates. The fault cannot be set while the mechanism is off. */
  readonly needs?: MechanismOfGateways;
}

/** An alert that a fault causes. */
export interface FaultAlert {
  readonly name: string;
  /** For an alert about an objective: the end of the objective's name, which is the same for both gateways. */
  readonly slo?: string;
  /** For TargetDown: the service. */
  readonly service?: ServiceName;
  /** Default: `page`. */
  readonly severity?: "ticket";
  /** Whether it does not fire each time. */
  readonly mayBeMissing?: true;
}

/** A mechanism of the gateways, which is off by default. */
interface MechanismOfGateways {
  /** How it is turned on. */
  readonly what: string;
  /** Whether it is on in a gateway. */
  readonly isOn: (gateway: GatewayState) => boolean;
}

/** The algorithms that give fewer calls to a slow instance. */
const AVOID_SLOW: readonly (string | null)[] = ["least-time", "least-connections", "random-two"];

const severalInstances: MechanismOfGateways = {
  what: "several instances of service A (--scale service-a=3) and a balancing that avoids a slow one (SERVICE_A_BALANCING=least-time)",
  isOn: ({ upstreams }) =>
    upstreams.some(
      ({ name, balancing, instances }) =>
        name === "service-a" && instances.length > 1 && AVOID_SLOW.includes(balancing),
    ),
};
const retries: MechanismOfGateways = {
  what: "retries (UPSTREAM_RETRIES=2)",
  isOn: ({ routes }) => routes.some((route) => route.upstream === "service-a" && route.retries !== null),
};
const accessTokens: MechanismOfGateways = {
  what: "access tokens (lab up --auth, or AUTH_ISSUER)",
  isOn: ({ routes }) => routes.some(({ scope }) => scope !== null),
};

const tls: MechanismOfGateways = {
  what: "TLS to service A (lab up --tls)",
  isOn: ({ upstreams }) => upstreams.some(({ name, tls }) => name === "service-a" && tls === true),
};

const GATEWAYS = ["gateway", "gateway-rest"] as const;

const HELLO_FAILS = { name: "SloAvailabilityBurn", slo: "hello-availability" } as const;
const HELLO_LATE = { name: "SloLatencyBurn", slo: "hello-latency" } as const;
const NUMBERS_FAIL = { name: "SloAvailabilityBurn", slo: "numbers-availability" } as const;
const NUMBERS_LATE = { name: "SloPaceBurn", slo: "numbers-pace" } as const;

const TABLE = [
  {
    name: "slow-a",
    effect: "service A takes 400 ms longer for each call",
    at: ["service-a"],
    alerts: [HELLO_LATE],
  },
  {
    name: "errors-a",
    effect: "service A fails half of its calls, at random",
    at: ["service-a"],
    alerts: [HELLO_FAILS],
  },
  {
    name: "slow-b",
    effect: "service B takes 400 ms longer for each call",
    at: ["service-b"],
    alerts: [NUMBERS_LATE],
  },
  {
    name: "stall-b",
    effect: "service B stops in the middle of each stream",
    at: ["service-b"],
    alerts: [NUMBERS_FAIL, NUMBERS_LATE],
  },
  {
    name: "crash-b",
    effect: "service B is killed, also after each restart",
    // A killed service cannot mark its calls, so the gateways do.
    at: GATEWAYS,
    kills: "service-b",
    alerts: [{ name: "TargetDown", service: "service-b" }],
  },
  {
    name: "lossy-link",
    effect: "30 % of the connections to services are reset, 30 % delayed by 400 ms; chosen again every 0.5 s",
    at: GATEWAYS,
    alerts: [
      HELLO_FAILS,
      NUMBERS_FAIL,
      { ...HELLO_LATE, mayBeMissing: true },
      { ...NUMBERS_LATE, mayBeMissing: true },
    ],
  },
  {
    name: "slow-gateway",
    effect: "both gateways take 400 ms longer for each call",
    at: GATEWAYS,
    alerts: [HELLO_LATE, NUMBERS_LATE],
  },
  {
    name: "slow-a-one",
    effect: "one instance of service A takes 400 ms longer for each call",
    at: ["service-a"],
    inOneInstance: true,
    needs: severalInstances,
    alerts: [{ name: "InstanceSlow", severity: "ticket" }],
  },
  {
    name: "flaky-a",
    effect: "service A fails a tenth of its calls, at random",
    at: ["service-a"],
    needs: retries,
    alerts: [{ name: "RetryRateHigh", severity: "ticket" }],
  },
  {
    name: "token-storm",
    effect: "20 requests a second with invalid access tokens arrive at each gateway",
    at: GATEWAYS,
    needs: accessTokens,
    alerts: [{ name: "AuthenticationFailing", severity: "ticket" }],
  },
  {
    name: "expired-cert",
    effect: "service A uses an expired certificate",
    at: ["service-a"],
    needs: tls,
    alerts: [{ name: "TargetDown", service: "service-a" }],
  },
] as const satisfies readonly (Omit<StackFault, "name"> & { readonly name: string })[];

/** Every fault of the stack (docs/faults.md). */
export const STACK_FAULTS: readonly StackFault[] = TABLE;
