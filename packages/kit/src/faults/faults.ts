import { logger, markFault, setFaultActive } from "@lgtm-lab/telemetry";
import type { Call } from "../call.ts";
import type { NumbersSource } from "../routes/numbers.ts";
import { type FaultKind, SETTINGS, type Settings } from "./settings.ts";

/** A fault that a service can be told to have. */
export interface FaultDefinition {
  readonly kind: FaultKind;
  /** Meets only the calls to this service. Default: every call. */
  readonly callee?: string;
  /** Begins what lies outside of calls; what it gives ends that again. */
  readonly begin?: (settings: Record<string, unknown>) => Promise<() => void>;
}

/** One fault, as the admin port tells it. */
export interface FaultState {
  readonly name: string;
  readonly kind: FaultKind;
  /** ISO 8601; null while it is not set. */
  readonly until: string | null;
  readonly settings: Record<string, unknown> | null;
}

interface Active {
  readonly name: string;
  readonly definition: FaultDefinition;
  readonly settings: Record<string, unknown>;
  readonly until: number;
  readonly timer: NodeJS.Timeout;
  /** Aborts when the fault ends: whoever waits because of it goes on. */
  readonly over: AbortController;
  readonly end: (() => void) | undefined;
}

/** What a call fails with on purpose. The client is not told more than of any other error. */
export class FaultError extends Error {
  override name = "FaultError";
}

/**
 * The faults of one service: set and cleared by name, each with its own end. They live in memory only, so a restarted
 * service has none. While none is set a call costs one comparison.
 */
export class Faults {
  readonly #definitions: Readonly<Record<string, FaultDefinition>>;
  readonly #active = new Map<string, Active>();

  constructor(definitions: Readonly<Record<string, FaultDefinition>>) {
    this.#definitions = definitions;
    for (const name of this.names) setFaultActive(name, false);
  }

  get names(): string[] {
    return Object.keys(this.#definitions);
  }

  /** Whether any fault is set. */
  get any(): boolean {
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

  /** Sets a fault, for so many milliseconds. Throws a ZodError when its settings are not of its kind. */
  async set(name: string, forMs: number, settings: Record<string, unknown> = {}): Promise<void> {
    const definition = this.#definitions[name];
    if (!definition) throw new Error(`there is no fault ${name}`);
    const parsed: Record<string, unknown> = SETTINGS[definition.kind].parse(settings);
    this.#end(name);
    const end = await definition.begin?.(parsed);
    const timer = setTimeout(() => this.clear(name, "its time is over"), forMs).unref();
    const until = Date.now() + forMs;
    const over = new AbortController();
    this.#active.set(name, { name, definition, settings: parsed, until, timer, over, end });
    setFaultActive(name, true);
    logger.warn({ fault: name, for_ms: forMs, settings: parsed }, `fault ${name} is set`);
  }

  /** Ends a fault; nothing happens when it is not set. */
  clear(name: string, why = "it was cleared"): void {
    if (!this.#end(name)) return;
    setFaultActive(name, false);
    logger.warn({ fault: name }, `fault ${name} has ended: ${why}`);
  }

  /**
   * What a call must go through before its work: nothing to wait for while no fault is set. Rejects with a
   * {@link FaultError}, or with the call's own reason when it ends meanwhile.
   */
  before(call: Pick<Call, "signal">, callee?: string): Promise<void> | undefined {
    if (this.#active.size === 0) return undefined;
    return this.#before(this.#drawn(callee), call.signal);
  }

  /** The values of a stream as a caller gets them; `count` is how many there should be. */
  stream<T>(values: AsyncIterable<T>, count: number, call: Call, callee?: string): AsyncIterable<T> {
    if (this.#active.size === 0) return values;
    return this.#disturbed(values, count, call.signal, this.#drawn(callee));
  }

  async #before(faults: readonly Active[], signal: AbortSignal): Promise<void> {
    if (faults.length === 0) return;
    const fault = faults.map(({ name }) => name).join(",");
    markFault(fault);
    logger.warn({ fault }, `this call meets the fault ${fault}, set on purpose`);
    for (const { name, definition, settings, over } of faults) {
      if (definition.kind === "slow") {
        const { delay_ms } = settings as Settings<"slow">;
        await pause(delay_ms, signal, over.signal);
      }
      if (definition.kind === "errors") throw new FaultError(`fault ${name}, set on purpose`);
    }
  }

  async *#disturbed<T>(
    values: AsyncIterable<T>,
    count: number,
    signal: AbortSignal,
    faults: readonly Active[],
  ): AsyncGenerator<T> {
    await this.#before(faults, signal);
    const stall = faults.find(({ definition }) => definition.kind === "stall");
    const held = stall ? Math.min((stall.settings as Settings<"stall">).after, count - 1) : undefined;
    let sent = 0;
    for await (const value of values) {
      if (stall && sent === held) await pause(undefined, signal, stall.over.signal);
      yield value;
      sent += 1;
    }
  }

  /** The faults that this call meets, by lot. */
  #drawn(callee: string | undefined): Active[] {
    return [...this.#active.values()].filter(({ definition, settings }) => {
      const { share = 1 } = settings as { share?: number };
      return (definition.callee === undefined || definition.callee === callee) && Math.random() < share;
    });
  }

  #end(name: string): boolean {
    const active = this.#active.get(name);
    if (!active) return false;
    this.#active.delete(name);
    clearTimeout(active.timer);
    active.over.abort();
    active.end?.();
    return true;
  }
}

/** A source of numbers as it is while faults are set. */
export function withFaults(faults: Faults, source: NumbersSource, callee?: string): NumbersSource {
  const { collect } = source;
  return {
    stream: (params, call) => faults.stream(source.stream(params, call), params.count, call, callee),
    ...(collect && {
      async collect(params, call) {
        const wait = faults.before(call, callee);
        if (wait) await wait;
        return collect(params, call);
      },
    }),
  };
}

/**
 * Waits so many milliseconds (undefined: for ever), or until `over` aborts. Throws the reason of `signal` when that one
 * aborts first.
 */
async function pause(
  milliseconds: number | undefined,
  signal: AbortSignal,
  over: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (over.aborted) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
  const onOver = () => resolve();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  over.addEventListener("abort", onOver, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    over.removeEventListener("abort", onOver);
  }
}
