import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from "cockatiel";
import type { Candidate, Chooser } from "./balancing.ts";

/** The state of a circuit breaker. */
export type BreakerState = "closed" | "half-open" | "open";

/** A change of an instance. */
export type InstanceEvent =
  | { readonly kind: "breaker"; readonly instance: string; readonly state: BreakerState }
  | { readonly kind: "ejected"; readonly instance: string; readonly reason: "errors" | "health" }
  | { readonly kind: "returned"; readonly instance: string };

/** The options of {@link Instances}. Without `breaker` and `ejection` these mechanisms are off. */
export interface InstancesOptions {
  readonly choose: Chooser;
  /**
   * After this number of consecutive failed calls, an instance gets no call for `openMs`, then one trial call at a
   * time until one succeeds.
   */
  readonly breaker?: { readonly failures: number; readonly openMs: number } | undefined;
  /** After this number of consecutive failed calls, other instances are preferred for at least `forMs`. */
  readonly ejection?: { readonly failures: number; readonly forMs: number } | undefined;
  /** Called in the context of the call that caused the change, if a call caused it. */
  readonly onEvent: (event: InstanceEvent) => void;
}

/** How a call ended: `unknown` if its end says nothing about the instance, as after a cancellation. */
export type CallOutcome = "ok" | "failed" | "unknown";

/** A call that runs at an instance. */
export interface RunningCall<Client> {
  /** The name of the instance. */
  readonly instance: string;
  /** The client of the instance. */
  readonly client: Client;
  /** Reports that the first value of a stream has arrived. The instance works; `end` follows later. */
  recordResponse(): void;
  /**
   * Ends the call; only the first end counts. Returns its latency in milliseconds: of a stream until its first value, of
   * other calls without the time that the call's parameters require.
   */
  end(outcome: CallOutcome): number;
}

/** The state of an instance, for metrics and the console. */
export interface InstanceState {
  readonly name: string;
  readonly running: number;
  /** See {@link Candidate.latencyMs}. */
  readonly latencyMs: number;
  readonly breaker: BreakerState;
  readonly ejected: boolean;
}

/** The nth consecutive ejection lasts n times as long, up to this factor. */
const MAX_EJECTION_FACTOR = 6;

/** A failed call counts as at least this slow, or `least-time` would prefer an instance that fails quickly. */
const FAILURE_LATENCY_MS = 1_000;
/** The share of a new measurement in the mean latency. */
const LATENCY_SHARE = 0.3;
/** The latency is forgotten with this time constant, so that a slow instance is tried again later. */
const LATENCY_MEMORY_MS = 10_000;

/** An instance is unhealthy after this number of consecutive failed health checks. One success ends that. */
const FAILED_CHECKS = 2;

/** Ends an execution of the breaker if the call says nothing about the instance. */
const UNKNOWN_OUTCOME = new Error("unknown outcome");

/** One address of a service: its calls, its circuit breaker, and whether it is ejected. */
class Instance<Client> implements Candidate {
  readonly name: string;
  readonly client: Client;
  readonly breaker: Breaker | undefined;
  running = 0;
  /** Consecutive failed calls. */
  failures = 0;
  /** When the ejection ends, by `performance.now()`; undefined if the instance is not ejected because of errors. */
  ejectedUntil: number | undefined;
  ejections = 0;
  failedChecks = 0;
  #latencyMs = 0;
  #measuredAt = 0;

  constructor(name: string, client: Client, { breaker, onEvent }: InstancesOptions) {
    this.name = name;
    this.client = client;
    this.breaker =
      breaker && new Breaker(breaker, (state) => onEvent({ kind: "breaker", instance: name, state }));
  }

  get isEjected(): boolean {
    return this.ejectedUntil !== undefined || this.failedChecks >= FAILED_CHECKS;
  }

  get latencyMs(): number {
    return this.#latencyMs * Math.exp((this.#measuredAt - performance.now()) / LATENCY_MEMORY_MS);
  }

  /** Adds a measurement to the mean latency. */
  measure(milliseconds: number): void {
    const before = this.latencyMs;
    this.#latencyMs = before === 0 ? milliseconds : before + LATENCY_SHARE * (milliseconds - before);
    this.#measuredAt = performance.now();
  }
}

/** The circuit breaker of an instance. */
class Breaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #openMs: number;
  #openedAt = 0;
  /** The trial call since the breaker last opened. If its outcome is unknown, the next call takes it over. */
  #trial: { readonly execution: PromiseWithResolvers<void>; isRunning: boolean } | undefined;

  constructor(
    { failures, openMs }: NonNullable<InstancesOptions["breaker"]>,
    onChange: (state: BreakerState) => void,
  ) {
    this.#openMs = openMs;
    this.#policy = circuitBreaker(
      handleWhen((error) => error !== UNKNOWN_OUTCOME),
      { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: openMs },
    );
    this.#policy.onBreak(() => {
      this.#openedAt = Date.now();
      this.#trial = undefined;
    });
    this.#policy.onStateChange(() => onChange(this.state));
  }

  get state(): BreakerState {
    if (this.#policy.state === CircuitState.Closed) return "closed";
    return this.#policy.state === CircuitState.HalfOpen ? "half-open" : "open";
  }

  /** Whether a call may begin. Without this check, the policy would queue further calls until the trial call ends. */
  get allows(): boolean {
    const { state } = this.#policy;
    return (
      state === CircuitState.Closed ||
      this.#trial?.isRunning === false ||
      (state === CircuitState.Open && Date.now() - this.#openedAt >= this.#openMs)
    );
  }

  /** Begins a call that is allowed. Returns the function that ends it. */
  begin(): (outcome: CallOutcome) => void {
    if (this.#policy.state === CircuitState.Closed) {
      const { resolve, reject } = this.#execute();
      return (outcome) => {
        if (outcome === "ok") resolve();
        else reject(outcome === "unknown" ? UNKNOWN_OUTCOME : new Error("the call failed"));
      };
    }
    this.#trial ??= { execution: this.#execute(), isRunning: true };
    const trial = this.#trial;
    trial.isRunning = true;
    return (outcome) => {
      if (outcome === "ok") trial.execution.resolve();
      else if (outcome === "failed") trial.execution.reject(new Error("the call failed"));
      // To the policy, an error that it does not handle is a success, which would close the breaker. A failure would
      // open it for the full time, so clients with short deadlines could keep it open.
      else trial.isRunning = false;
    };
  }

  /** Starts an execution of the policy. It sees only the outcome, because the call may be a stream. */
  #execute(): PromiseWithResolvers<void> {
    const execution = Promise.withResolvers<void>();
    this.#policy
      .execute(() => execution.promise)
      .catch(() => {
        // It is the outcome of the call, which its caller handles.
      });
    return execution;
  }
}

/** The instances of a service: chooses one for each call, and avoids those that fail. */
export class Instances<Client> {
  readonly #options: InstancesOptions;
  #all: readonly Instance<Client>[] = [];

  /** `clients` are the clients of the instances, by their names. */
  constructor(clients: ReadonlyMap<string, Client>, options: InstancesOptions) {
    this.#options = options;
    this.update(clients);
  }

  /** Replaces the instances. Those whose names remain keep their state. */
  update(clients: ReadonlyMap<string, Client>): void {
    this.#all = [...clients].map(
      ([name, client]) =>
        this.#all.find((each) => each.name === name) ?? new Instance(name, client, this.#options),
    );
  }

  /** The states of all instances. */
  get states(): InstanceState[] {
    this.#endEjections();
    return this.#all.map(({ name, running, latencyMs, breaker, isEjected }) => ({
      name,
      running,
      latencyMs,
      breaker: breaker?.state ?? "closed",
      ejected: isEjected,
    }));
  }

  /** Whether a call may begin now: the circuit breaker of at least one instance allows it. */
  get isAvailable(): boolean {
    return this.#all.some(({ breaker }) => breaker?.allows ?? true);
  }

  /**
   * Begins a call at an instance, if possible at none of `avoid`. Returns undefined if the circuit breaker of every
   * instance is open. `key` identifies the client. `expectedMs` is the time that the parameters of the call require.
   */
  begin(key: string, avoid: ReadonlySet<string>, expectedMs = 0): RunningCall<Client> | undefined {
    const available = this.#available();
    if (available.length === 0) return undefined;
    const candidates = preferred(available, ({ name }) => !avoid.has(name));
    const instance = this.#options.choose(candidates, key, candidates.length < available.length);
    const startedAt = performance.now();
    const isTrial = instance.breaker !== undefined && instance.breaker.state !== "closed";
    let endBreaker = instance.breaker?.begin();
    let latencyMs: number | undefined;
    let hasEnded = false;
    instance.running += 1;
    const elapsedMs = () => Math.max(0, performance.now() - startedAt - expectedMs);
    return {
      instance: instance.name,
      client: instance.client,
      recordResponse: () => {
        if (latencyMs !== undefined) return;
        latencyMs = elapsedMs();
        instance.measure(latencyMs);
        if (!isTrial) return;
        // No other call may use the instance until the outcome is known, and a stream can take a minute.
        endBreaker?.("ok");
        endBreaker = undefined;
      },
      end: (outcome) => {
        if (hasEnded) return latencyMs ?? 0;
        hasEnded = true;
        instance.running -= 1;
        if (latencyMs === undefined) {
          latencyMs = elapsedMs();
          measureEnd(instance, outcome, latencyMs);
        }
        endBreaker?.(outcome);
        this.#count(instance, outcome);
        return latencyMs;
      },
    };
  }

  /** Records the result of a health check. */
  recordHealthCheck(name: string, isUp: boolean): void {
    const instance = this.#all.find((each) => each.name === name);
    if (!instance) return;
    const wasEjected = instance.isEjected;
    instance.failedChecks = isUp ? 0 : instance.failedChecks + 1;
    if (instance.isEjected === wasEjected) return;
    if (wasEjected) this.#options.onEvent({ kind: "returned", instance: name });
    else this.#options.onEvent({ kind: "ejected", instance: name, reason: "health" });
  }

  /** Checks the health of each instance every `intervalMs`, until the returned function is called. */
  checkHealth(intervalMs: number, check: (client: Client) => Promise<boolean>): () => void {
    const checkAll = async () => {
      await Promise.all(
        this.#all.map(async ({ name, client }) => {
          const isUp = await check(client).catch(() => false);
          if (!stopped) this.recordHealthCheck(name, isUp);
        }),
      );
      if (!stopped) timer = setTimeout(checkAll, intervalMs).unref();
    };
    let stopped = false;
    let timer = setTimeout(checkAll, 0).unref();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  /** The instances that may be called. Those that are ejected are among them only if no other is left. */
  #available(): readonly Instance<Client>[] {
    this.#endEjections();
    const allowed = this.#all.filter(({ breaker }) => breaker?.allows ?? true);
    return preferred(allowed, ({ isEjected }) => !isEjected);
  }

  #endEjections(): void {
    for (const instance of this.#all) {
      if (instance.ejectedUntil === undefined || performance.now() < instance.ejectedUntil) continue;
      instance.ejectedUntil = undefined;
      instance.failures = 0; // of calls that were running when it was ejected
      if (!instance.isEjected) this.#options.onEvent({ kind: "returned", instance: instance.name });
    }
  }

  /** Counts consecutive failures, and ejects the instance after too many, unless it is the last one. */
  #count(instance: Instance<Client>, outcome: CallOutcome): void {
    if (outcome === "ok") {
      instance.failures = 0;
      instance.ejections = 0;
    }
    const { ejection } = this.#options;
    if (outcome !== "failed" || !ejection) return;
    instance.failures += 1;
    if (instance.failures < ejection.failures || instance.isEjected) return;
    if (!this.#all.includes(instance)) return; // `update` has removed it while the call was running
    if (this.#all.every((other) => other === instance || other.isEjected)) return;
    instance.failures = 0;
    instance.ejections = Math.min(instance.ejections + 1, MAX_EJECTION_FACTOR);
    instance.ejectedUntil = performance.now() + ejection.forMs * instance.ejections;
    this.#options.onEvent({ kind: "ejected", instance: instance.name, reason: "errors" });
  }
}

/** A call with an unknown outcome is measured only if it took longer than the mean. */
function measureEnd(instance: Instance<unknown>, outcome: CallOutcome, elapsedMs: number): void {
  if (outcome === "ok") instance.measure(elapsedMs);
  else if (outcome === "failed") instance.measure(Math.max(elapsedMs, FAILURE_LATENCY_MS));
  else if (elapsedMs > instance.latencyMs) instance.measure(elapsedMs);
}

/** Returns the elements with a property, or all if none has it. */
function preferred<T>(all: readonly T[], has: (element: T) => boolean): readonly T[] {
  const some = all.filter(has);
  return some.length > 0 ? some : all;
}
