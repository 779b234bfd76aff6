import { parseInput, unknownName } from "@lgtm-lab/contracts";
import type { Call, NumbersSource } from "@lgtm-lab/service-runtime";
import { Gauge, logger, registry, setSpanAttribute } from "@lgtm-lab/telemetry";
import { type FaultKind, type FaultSettings, SETTINGS } from "./settings.ts";

const active = new Gauge({
  name: "lab_fault_active",
  help: "1 while this fault is set on purpose, 0 otherwise.",
  labelNames: ["fault"] as const,
  registers: [registry],
});

/** Records whether a fault is set. Each known fault is false at the start of the process. */
const setFaultActive = (fault: string, isActive: boolean): void => active.set({ fault }, isActive ? 1 : 0);

/** A fault that can be set in a service. */
export interface FaultDefinition {
  readonly kind: FaultKind;
  /** Affects only calls to this service. Default: all calls. */
  readonly callee?: string;
  /** Its settings, where they differ from the defaults of its kind. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Starts an effect outside of calls. Returns a function that ends it. */
  readonly begin?: (settings: Record<string, unknown>) => Promise<() => void>;
}

/** The state of a fault, as the admin port returns it. */
export interface FaultState {
  readonly name: string;
  readonly kind: FaultKind;
  /** ISO 8601; null if the fault is not set. */
  readonly until: string | null;
  readonly settings: Record<string, unknown> | null;
}

interface ActiveFault {
  readonly name: string;
  readonly definition: FaultDefinition;
  readonly settings: Record<string, unknown>;
  readonly until: number;
  readonly timer: NodeJS.Timeout;
  /** Aborts when the fault ends, so that calls that it delays continue. */
  readonly ended: AbortController;
  readonly end: (() => void) | undefined;
}

/** The error of a call that a fault made fail. Clients see it as an internal error. */
class FaultError extends Error {
  override name = "FaultError";
}

/**
 * The faults of one service. They are set and cleared by name, and each expires. They are kept in memory only, so a
 * restarted service has none.
 */
export class Faults {
  readonly #definitions: Readonly<Record<string, FaultDefinition>>;
  readonly #active = new Map<string, ActiveFault>();

  /** The faults that are beginning, by name. */
  readonly #beginning = new Map<string, Promise<void>>();
  /** How often a fault was cleared. */
  #clears = 0;

  constructor(definitions: Readonly<Record<string, FaultDefinition>>) {
    this.#definitions = definitions;
    for (const name of this.names) setFaultActive(name, false);
  }

  get names(): string[] {
    return Object.keys(this.#definitions);
  }

  /** Whether at least one fault is active. */
  get isAnyActive(): boolean {
    return this.#active.size > 0;
  }

  /** All faults, set or not. */
  list(): FaultState[] {
    return Object.entries(this.#definitions).map(([name, { kind }]) => {
      const active = this.#active.get(name);
      const until = active ? new Date(active.until).toISOString() : null;
      return { name, kind, until, settings: active?.settings ?? null };
    });
  }

  /** Sets a fault for `forMs` milliseconds. Throws an `InvalidParamsError` if the settings are not valid for its kind. */
  async set(name: string, forMs: number, settings: Record<string, unknown> = {}): Promise<void> {
    const definition = this.#definitions[name];
    if (!definition) throw new Error(unknownName("fault", name, this.names));
    const parsed = parseInput<Record<string, unknown>>(SETTINGS[definition.kind], {
      ...definition.defaults,
      ...settings,
    });
    // One at a time: otherwise the effect of the first of two concurrent starts would never end.
    const previous = this.#beginning.get(name);
    const begun = Promise.withResolvers<void>();
    this.#beginning.set(name, begun.promise);
    try {
      await previous;
      await this.#begin(name, definition, parsed, forMs);
    } finally {
      begun.resolve();
      if (this.#beginning.get(name) === begun.promise) this.#beginning.delete(name);
    }
  }

  async #begin(
    name: string,
    definition: FaultDefinition,
    parsed: Record<string, unknown>,
    forMs: number,
  ): Promise<void> {
    this.#end(name);
    const clears = this.#clears;
    const end = await definition.begin?.(parsed);
    if (this.#clears !== clears) {
      end?.(); // it was cleared while it began
      return;
    }
    const timer = setTimeout(() => this.clear(name, "it expired"), forMs).unref();
    const until = Date.now() + forMs;
    const ended = new AbortController();
    this.#active.set(name, { name, definition, settings: parsed, until, timer, ended, end });
    setFaultActive(name, true);
    logger.warn({ fault: name, for_ms: forMs, settings: parsed }, `fault ${name} is set`);
  }

  /** Ends a fault; does nothing if it is not set. */
  clear(name: string, why = "it was cleared"): void {
    this.#clears += 1;
    if (!this.#end(name)) return;
    setFaultActive(name, false);
    logger.warn({ fault: name }, `fault ${name} has ended: ${why}`);
  }

  /**
   * Applies the faults to a call before its work: delays it, or rejects with a {@link FaultError}. Rejects with the
   * reason of the call's signal if the call ends first. Returns undefined if no fault is set, so that calls need not
   * wait.
   */
  applyTo(call: Pick<Call, "signal">, callee?: string): Promise<void> | undefined {
    if (this.#active.size === 0) return undefined;
    return this.#apply(this.#select(callee), call.signal);
  }

  /** Applies the faults to a stream; `count` is the number of its values. */
  applyToStream<T, Values extends AsyncIterable<T> | Iterable<T>>(
    values: Values,
    count: number,
    call: Call,
    callee?: string,
  ): Values | AsyncIterable<T> {
    if (this.#active.size === 0) return values;
    return this.#streamWithFaults(values, count, call.signal, this.#select(callee));
  }

  async #apply(faults: readonly ActiveFault[], signal: AbortSignal): Promise<void> {
    if (faults.length === 0) return;
    const fault = faults.map(({ name }) => name).join(",");
    setSpanAttribute("lab.fault", fault);
    logger.warn({ fault }, `call affected by fault ${fault}`);
    for (const { name, definition, settings, ended } of faults) {
      if (definition.kind === "slow") {
        const { delay_ms } = settings as FaultSettings<"slow">;
        await pause(delay_ms, signal, ended.signal);
      }
      if (definition.kind === "errors") throw new FaultError(`Fault ${name} made this call fail.`);
    }
  }

  async *#streamWithFaults<T>(
    values: AsyncIterable<T> | Iterable<T>,
    count: number,
    signal: AbortSignal,
    faults: readonly ActiveFault[],
  ): AsyncGenerator<T> {
    await this.#apply(faults, signal);
    const stall = faults.find(({ definition }) => definition.kind === "stall");
    const stallAfter = stall
      ? Math.min((stall.settings as FaultSettings<"stall">).after, count - 1)
      : undefined;
    let sent = 0;
    for await (const value of values) {
      if (stall && sent === stallAfter) await pause(undefined, signal, stall.ended.signal);
      yield value;
      sent += 1;
    }
  }

  /** Selects at random the active faults that affect a call, by their shares. */
  #select(callee: string | undefined): ActiveFault[] {
    return [...this.#active.values()].filter(({ definition, settings }) => {
      if (definition.kind === "storm" || definition.kind === "certificate") return false;
      const { share = 1 } = settings as { share?: number };
      return (definition.callee === undefined || definition.callee === callee) && Math.random() < share;
    });
  }

  #end(name: string): boolean {
    const active = this.#active.get(name);
    if (!active) return false;
    this.#active.delete(name);
    clearTimeout(active.timer);
    active.ended.abort();
    active.end?.();
    return true;
  }
}

/** Returns a source of numbers to which the faults are applied. */
export function withFaults(faults: Faults, source: NumbersSource, callee?: string): NumbersSource {
  const { collect } = source;
  return {
    stream: (params, call) => faults.applyToStream(source.stream(params, call), params.count, call, callee),
    ...(collect && {
      async collect(params, call) {
        const wait = faults.applyTo(call, callee);
        if (wait) await wait;
        return collect(params, call);
      },
    }),
  };
}

/**
 * Waits for a time (undefined: without limit) or until `ended` aborts. Throws the reason of `signal` if that one aborts
 * first.
 */
async function pause(
  milliseconds: number | undefined,
  signal: AbortSignal,
  ended: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (ended.aborted) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
  const onEnded = () => resolve();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  ended.addEventListener("abort", onEnded, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    ended.removeEventListener("abort", onEnded);
  }
}
