import type { BreakerState, CallOutcome, InstanceEvent, InstanceState } from "@lgtm-lab/resilience/instances";
import type { RetryDecision } from "@lgtm-lab/resilience/retry";
import { addSpanEvent, Counter, Gauge, logger, registry, setSpanAttribute } from "@lgtm-lab/telemetry";

const registers = [registry];

const retries = new Counter({
  name: "gateway_retries_total",
  help: "Failed calls that could be retried, by what was done: retried, or not because of the budget, the deadline, or the number of retries.",
  labelNames: ["upstream", "outcome"] as const,
  registers,
});
const calls = new Counter({
  name: "gateway_upstream_calls_total",
  help: "Calls to instances, including retries. The outcome is unknown if the end of the call says nothing about the instance.",
  labelNames: ["upstream", "address", "outcome"] as const,
  registers,
});
const latencies = new Counter({
  name: "gateway_upstream_latency_seconds_total",
  help: "Sum of the latencies of the calls with outcome ok: for a stream, the time to its first value; otherwise without the time that the parameters of the call require.",
  labelNames: ["upstream", "address"] as const,
  registers,
});
const transitions = new Counter({
  name: "gateway_breaker_transitions_total",
  help: "Transitions of circuit breakers, by their new state.",
  labelNames: ["upstream", "address", "state"] as const,
  registers,
});
const rejections = new Counter({
  name: "gateway_breaker_rejections_total",
  help: "Calls that were not made because the circuit breaker of every instance was open.",
  labelNames: ["upstream"] as const,
  registers,
});
const ejections = new Counter({
  name: "gateway_ejections_total",
  help: "Ejections of instances, because of failed calls (errors) or failed health checks (health).",
  labelNames: ["upstream", "address", "reason"] as const,
  registers,
});

/** The instances of a service, and which mechanisms are on. Those that are off have no series. */
export interface ObservedInstances {
  readonly canRetry: boolean;
  readonly hasBreakers: boolean;
  readonly canEject: boolean;
  read(): readonly InstanceState[];
}

interface Observed extends ObservedInstances {
  readonly upstream: string;
}

/** A service has two entries while a fault sends its calls through a lossy link; the last one is in use. */
const observed = new Set<Observed>();

/** Returns the current states of the instances of a service; empty if no recorder observes them. */
export const instanceStates = (upstream: string): readonly InstanceState[] =>
  [...observed].findLast((each) => each.upstream === upstream)?.read() ?? [];

const BREAKER_STATES = { closed: 0, "half-open": 1, open: 2 } as const satisfies Record<BreakerState, number>;

gaugeOf(
  "gateway_breaker_state",
  "The state of the circuit breaker of an instance: 0 closed, 1 half-open, 2 open.",
  ({ breaker }) => BREAKER_STATES[breaker],
  ({ hasBreakers }) => hasBreakers,
);
gaugeOf(
  "gateway_instance_ejected",
  "1 while an instance is ejected, 0 otherwise.",
  ({ ejected }) => +ejected,
  ({ canEject }) => canEject,
);
gaugeOf(
  "gateway_instance_active_calls",
  "Calls that an instance is handling for this gateway.",
  ({ running }) => running,
);
gaugeOf(
  "gateway_instance_latency_seconds",
  "Mean latency of the recent calls to an instance, by which the algorithm least-time chooses; 0 if it is not known.",
  ({ latencyMs }) => latencyMs / 1000,
);

/** Registers a gauge with a value for each instance of the services whose mechanism is on. */
function gaugeOf(
  name: string,
  help: string,
  value: (state: InstanceState) => number,
  isOn: (one: ObservedInstances) => boolean = () => true,
): void {
  new Gauge({
    name,
    help,
    labelNames: ["upstream", "address"] as const,
    registers,
    collect() {
      this.reset(); // an instance may be gone
      for (const one of observed)
        if (isOn(one))
          for (const state of one.read())
            this.set({ upstream: one.upstream, address: state.name }, value(state));
    },
  });
}

const OUTCOMES = ["ok", "failed", "unknown"] as const satisfies readonly CallOutcome[];
const REASONS = ["errors", "health"] as const;

/** Makes the decisions about the calls to a service visible: as metrics, span events and log lines. */
export interface DecisionRecorder {
  /** The instances have these addresses now. */
  addresses(now: readonly string[]): void;
  /** A call has ended. */
  called(address: string, outcome: CallOutcome, latencyMs: number): void;
  retry(decision: RetryDecision): void;
  instance(event: InstanceEvent): void;
  /** A call was not made because every breaker is open. The log line of its request has the reason. */
  rejected(): void;
  /** Removes the instances from the gauges. The counters stay. */
  close(): void;
}

/** Creates the recorder of a service whose instances have these addresses. */
export function createDecisionRecorder(
  upstream: string,
  addresses: readonly string[],
  instances: ObservedInstances,
): DecisionRecorder {
  const one: Observed = { upstream, ...instances };
  observed.add(one);
  startAtZero(one, addresses);
  let known = new Set(addresses);
  return {
    addresses(now) {
      const before = known;
      known = new Set(now);
      for (const address of before) if (!known.has(address)) removeSeries(upstream, address);
      startAtZero(one, now);
      logger.info({ upstream, addresses: now }, "instances changed");
    },

    // A call can end after its address is gone. A series that it created would stay.
    called(address, outcome, latencyMs) {
      if (!known.has(address)) return;
      calls.inc({ upstream, address, outcome });
      if (outcome === "ok") latencies.inc({ upstream, address }, latencyMs / 1000);
    },

    retry(decision) {
      const { outcome, error } = decision;
      const reason = (error as Error).message;
      retries.inc({ upstream, outcome });
      if (decision.outcome !== "retried") {
        addSpanEvent("upstream.not_retried", { upstream, outcome, reason });
        // Not a warning: in an outage it would repeat what the line of each failed request says.
        logger.debug({ upstream, outcome, reason }, "call not retried");
        return;
      }
      const { retry, delayMs } = decision;
      setSpanAttribute("lab.retries", retry);
      addSpanEvent("upstream.retry", { upstream, retry, delay_ms: delayMs, reason });
      logger.warn({ upstream, retry, delay_ms: delayMs, reason }, "call retried");
    },

    instance(event) {
      const address = event.instance;
      if (event.kind === "breaker") {
        const { state } = event;
        if (known.has(address)) transitions.inc({ upstream, address, state });
        addSpanEvent("upstream.breaker", { upstream, address, state });
        logger[state === "open" ? "warn" : "info"]({ upstream, address, state }, "circuit breaker changed");
      } else if (event.kind === "ejected") {
        const { reason } = event;
        if (known.has(address)) ejections.inc({ upstream, address, reason });
        addSpanEvent("upstream.ejected", { upstream, address, reason });
        logger.warn({ upstream, address, reason }, "instance ejected");
      } else {
        addSpanEvent("upstream.returned", { upstream, address });
        logger.info({ upstream, address }, "instance returned");
      }
    },

    rejected() {
      rejections.inc({ upstream });
      addSpanEvent("upstream.rejected", { upstream });
    },

    close: () => void observed.delete(one),
  };
}

/**
 * Starts the series of the mechanisms that are on at 0. Otherwise a series would begin with its first event, which
 * `rate()` does not count.
 */
function startAtZero(
  { upstream, canRetry, hasBreakers, canEject }: Observed,
  addresses: readonly string[],
): void {
  if (canRetry)
    for (const outcome of ["retried", "no_budget", "no_time", "max_retries"])
      retries.inc({ upstream, outcome }, 0);
  if (hasBreakers) rejections.inc({ upstream }, 0);
  for (const address of addresses) {
    for (const outcome of OUTCOMES) calls.inc({ upstream, address, outcome }, 0);
    latencies.inc({ upstream, address }, 0);
    if (hasBreakers)
      for (const state of Object.keys(BREAKER_STATES)) transitions.inc({ upstream, address, state }, 0);
    if (canEject) for (const reason of REASONS) ejections.inc({ upstream, address, reason }, 0);
  }
}

/** Removes the series of an address that is gone, so that their number stays bounded. */
function removeSeries(upstream: string, address: string): void {
  for (const outcome of OUTCOMES) calls.remove({ upstream, address, outcome });
  latencies.remove({ upstream, address });
  for (const state of Object.keys(BREAKER_STATES)) transitions.remove({ upstream, address, state });
  for (const reason of REASONS) ejections.remove({ upstream, address, reason });
}
