import { CALL_BUDGET_MAX_MS, requestedStreamMs, SERVICES } from "@lgtm-lab/contracts";
import { type BalancingAlgorithm, chooserFor } from "@lgtm-lab/resilience/balancing";
import { type CallOutcome, Instances, type RunningCall } from "@lgtm-lab/resilience/instances";
import { type Attempt, Retrier, RetryBudget } from "@lgtm-lab/resilience/retry";
import { type Call, CallEnded, Problem, type UpstreamCost } from "@lgtm-lab/service-runtime";
import { withoutTracing } from "@lgtm-lab/telemetry";
import type { Env } from "../env.ts";
import {
  type InstanceAddress,
  type InstanceAddresses,
  joinClients,
  type ProtocolClients,
  type ServiceClients,
  type UpstreamClient,
} from "../services/service-clients.ts";
import { createDecisionRecorder, type DecisionRecorder } from "./decisions.ts";
import { addressesNow, watchAddresses } from "./discovery.ts";
import { clientKey, routeRetries } from "./routes.ts";

/** The settings of the mechanisms of docs/resilience.md. */
export type ResilienceSettings = Pick<
  Env,
  | "ROUTES_FILE"
  | "UPSTREAM_RETRIES"
  | "UPSTREAM_RETRY_BUDGET"
  | "UPSTREAM_ATTEMPT_TIMEOUT_MS"
  | "UPSTREAM_BREAKER_FAILURES"
  | "UPSTREAM_BREAKER_OPEN_MS"
  | "UPSTREAM_EJECTION_FAILURES"
  | "UPSTREAM_EJECTION_MS"
  | "UPSTREAM_HEALTH_CHECK_MS"
  | "UPSTREAM_DNS_MS"
  | "SERVICE_A_BALANCING"
  | "SERVICE_B_BALANCING"
> &
  Partial<Pick<Env, "upstreamTls">>;

/** Creates clients that call several instances of A and B, with retries, circuit breakers, ejection and balancing. */
export function resilientClients(
  protocol: ProtocolClients,
  [addressesA, addressesB]: InstanceAddresses,
  settings: ResilienceSettings,
): ServiceClients {
  const a = new Upstream(
    { name: "service-a", balancing: settings.SERVICE_A_BALANCING, ...SERVICES["service-a"] },
    { addresses: addressesA, connect: protocol.greeting, isAddress: protocol.isAddress },
    settings,
  );
  const b = new Upstream(
    { name: "service-b", balancing: settings.SERVICE_B_BALANCING, ...SERVICES["service-b"] },
    { addresses: addressesB, connect: protocol.numbers, isAddress: protocol.isAddress },
    settings,
  );
  return joinClients(
    {
      greet: (params, call) => a.request(call, 0, (client, attempt) => client.greet(params, attempt)),
      probe: () => a.probe(),
      close: () => a.close(),
    },
    {
      collect: (params, call) =>
        b.request(call, requestedStreamMs(params), (client, attempt) => client.collect(params, attempt)),
      stream: (params, call) => b.stream(call, (client, attempt) => client.stream(params, attempt)),
      probe: () => b.probe(),
      close: () => b.close(),
    },
  );
}

/** The properties of a service that matter to its calls. */
interface UpstreamService {
  readonly name: string;
  readonly balancing: BalancingAlgorithm;
  /** Whether a call may be retried. */
  readonly idempotent: boolean;
}

/** The addresses of a service, and how to connect to one. */
interface Connections<Client> {
  readonly addresses: readonly InstanceAddress[];
  readonly connect: (address: string) => Client;
  /** Whether a line of an instances file is an address. */
  readonly isAddress: (text: string) => boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** The instances of a service, and how calls to them are made. */
export class Upstream<Client extends UpstreamClient> {
  readonly #name: string;
  readonly #connect: (address: string) => Client;
  #clients: ReadonlyMap<string, Client>;
  readonly #instances: Instances<Client>;
  readonly #retrier: Retrier | undefined;
  readonly #retries: number;
  readonly #hasAttemptTimeout: boolean;
  readonly #recorder: DecisionRecorder;
  readonly #stops: (() => void)[] = [];
  /** The number of running calls of each client. */
  readonly #running = new Map<Client, number>();
  /** Clients of removed addresses with running calls, each with the timer that closes it after the maximum call time. */
  readonly #gone = new Map<Client, NodeJS.Timeout>();

  constructor(
    service: UpstreamService,
    { addresses, connect, isAddress }: Connections<Client>,
    settings: ResilienceSettings,
  ) {
    const names = new Map(addresses.map(({ name, address }) => [address, name]));
    const named = (found: readonly string[]): InstanceAddress[] =>
      found.map((address) => ({ name: names.get(address) ?? address, address }));
    const first = named(addressesNow([...names.keys()], isAddress));
    const clients = new Map(first.map(({ name, address }) => [name, connect(address)]));
    const [breaker, ejection] = [settings.UPSTREAM_BREAKER_FAILURES, settings.UPSTREAM_EJECTION_FAILURES];
    this.#name = service.name;
    this.#retries = settings.UPSTREAM_RETRIES;
    this.#hasAttemptTimeout = settings.UPSTREAM_ATTEMPT_TIMEOUT_MS > 0;
    this.#connect = connect;
    this.#clients = clients;
    // A routes file may turn retries on for a route.
    const canRetry =
      (settings.UPSTREAM_RETRIES > 0 || settings.ROUTES_FILE !== undefined) && service.idempotent;
    this.#recorder = createDecisionRecorder(service.name, [...clients.keys()], {
      canRetry,
      hasBreakers: breaker > 0,
      canEject: ejection > 0 || settings.UPSTREAM_HEALTH_CHECK_MS > 0,
      read: () => this.#instances.states,
    });
    this.#instances = new Instances(clients, {
      choose: chooserFor(service.balancing),
      breaker: breaker > 0 ? { failures: breaker, openMs: settings.UPSTREAM_BREAKER_OPEN_MS } : undefined,
      ejection: ejection > 0 ? { failures: ejection, forMs: settings.UPSTREAM_EJECTION_MS } : undefined,
      onEvent: this.#recorder.instance,
    });
    if (canRetry)
      this.#retrier = new Retrier({
        retries: settings.UPSTREAM_RETRIES,
        budget: new RetryBudget(settings.UPSTREAM_RETRY_BUDGET),
        isTransient,
        isPossible: () => this.#instances.isAvailable,
        attemptTimeoutMs: settings.UPSTREAM_ATTEMPT_TIMEOUT_MS,
        onDecision: this.#recorder.retry,
      });
    const { UPSTREAM_HEALTH_CHECK_MS: healthMs, UPSTREAM_DNS_MS: dnsMs } = settings;
    if (healthMs > 0)
      this.#stops.push(
        this.#instances.checkHealth(healthMs, (client) => withoutTracing(() => client.probe())),
      );
    const watching = { dnsMs, isAddress, resolvesHttps: settings.upstreamTls !== undefined };
    this.#stops.push(watchAddresses([...names.keys()], watching, (found) => this.#use(named(found))));
  }

  /** Replaces the instances by those at the addresses. Running calls to removed instances continue. */
  #use(found: readonly InstanceAddress[]): void {
    const before = this.#clients;
    if (found.length === before.size && found.every(({ name }) => before.has(name))) return;
    this.#clients = new Map(
      found.map(({ name, address }) => [name, before.get(name) ?? this.#connect(address)]),
    );
    this.#instances.update(this.#clients);
    this.#recorder.addresses([...this.#clients.keys()]);
    for (const [name, client] of before) if (!this.#clients.has(name)) this.#closeWhenIdle(client);
  }

  /** Closes a client when its calls have ended. Closing it earlier would fail the calls that wait for a connection. */
  #closeWhenIdle(client: Client): void {
    if (!this.#running.has(client)) {
      client.close();
      return;
    }
    const close = () => {
      this.#gone.delete(client);
      client.close();
    };
    this.#gone.set(client, setTimeout(close, CALL_BUDGET_MAX_MS).unref());
  }

  #callEnded(client: Client): void {
    const left = (this.#running.get(client) ?? 1) - 1;
    if (left > 0) {
      this.#running.set(client, left);
      return;
    }
    this.#running.delete(client);
    const timer = this.#gone.get(client);
    if (!timer) return;
    clearTimeout(timer);
    this.#gone.delete(client);
    client.close();
  }

  /**
   * Makes a call that has one response. `expectedMs` is the time that its parameters require. `send` gets the call of
   * the attempt.
   */
  request<T>(
    call: Call,
    expectedMs: number,
    send: (client: Client, attempt: Call) => Promise<T>,
  ): Promise<T> {
    return this.#withRetries(call, expectedMs, async (attempt) => {
      const running = this.#begin(attempt.tried, expectedMs);
      const startedMs = call.elapsedMs();
      let outcome: CallOutcome = "ok";
      try {
        return await send(running.client, attempt.call);
      } catch (error) {
        outcome = attempt.hasTimedOut
          ? "failed"
          : outcomeOf(error, call.elapsedMs() - startedMs - expectedMs);
        throw error;
      } finally {
        running.end(outcome);
      }
    });
  }

  /** Makes a call that responds with a stream. It is retried only until its first value has arrived. */
  async *stream<T>(call: Call, send: (client: Client, attempt: Call) => AsyncIterable<T>): AsyncGenerator<T> {
    const begun = await this.#withRetries(call, 0, (attempt) => this.#beginStream(call, attempt, send));
    const { running, values } = begun;
    let outcome: CallOutcome = "unknown"; // unless the reader reads to the end
    try {
      for (let next = begun.first; !next.done; next = await values.next()) yield next.value;
      outcome = "ok";
    } catch (error) {
      // How long a stream takes is up to its parameters and its client, so a deadline missed now says nothing.
      outcome = outcomeOf(error, 0);
      throw error;
    } finally {
      running.end(outcome);
      await values.return?.();
    }
  }

  async #beginStream<T>(
    call: Call,
    attempt: UpstreamAttempt,
    send: (client: Client, attempt: Call) => AsyncIterable<T>,
  ) {
    const running = this.#begin(attempt.tried, 0);
    const startedMs = call.elapsedMs();
    const values = send(running.client, attempt.call)[Symbol.asyncIterator]();
    try {
      const first = await values.next();
      running.recordResponse();
      return { running, values, first };
    } catch (error) {
      running.end(attempt.hasTimedOut ? "failed" : outcomeOf(error, call.elapsedMs() - startedMs));
      throw error;
    }
  }

  /** Begins an attempt at an instance, if possible at one that was not tried yet. */
  #begin(tried: Set<string> | undefined, expectedMs: number): RunningCall<Client> {
    const running = this.#instances.begin(clientKey(), tried ?? NONE, expectedMs);
    if (!running) {
      if (this.#clients.size === 0) throw new NoInstance(this.#name);
      this.#recorder.rejected();
      throw new BreakerOpen(this.#name);
    }
    tried?.add(running.instance);
    const { client, end } = running;
    this.#running.set(client, (this.#running.get(client) ?? 0) + 1);
    return {
      ...running,
      end: (outcome) => {
        const latencyMs = end(outcome);
        this.#recorder.called(running.instance, outcome, latencyMs);
        this.#callEnded(client);
        return latencyMs;
      },
    };
  }

  #withRetries<T>(
    call: Call,
    expectedMs: number,
    attempt: (attempt: UpstreamAttempt) => Promise<T>,
  ): Promise<T> {
    const retries = routeRetries() ?? this.#retries;
    if (!this.#retrier || retries === 0) return attempt({ call, tried: undefined, hasTimedOut: false });
    const tried = new Set<string>();
    const run = (running: Attempt) =>
      attempt(
        this.#hasAttemptTimeout ? new AttemptCall(call, running, tried) : { call, tried, hasTimedOut: false },
      );
    return this.#retrier.run(call, run, { retries, expectedMs });
  }

  /** Returns whether at least one instance is ready. */
  async probe(): Promise<boolean> {
    const up = await Promise.all([...this.#clients.values()].map((client) => client.probe()));
    return up.includes(true);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#recorder.close();
    for (const timer of this.#gone.values()) clearTimeout(timer);
    for (const client of [...this.#clients.values(), ...this.#gone.keys()]) client.close();
    this.#gone.clear();
  }
}

/** One attempt of a call to A or B. */
interface UpstreamAttempt {
  /** Passed to the client of an instance: the call itself, or one that also ends at the timeout of the attempt. */
  readonly call: Call;
  /** The instances that were tried; undefined if the call is not retried. */
  readonly tried: Set<string> | undefined;
  readonly hasTimedOut: boolean;
}

/** An attempt that can end before its call, by its timeout. To the client of the instance it looks like a deadline. */
class AttemptCall implements UpstreamAttempt, Call {
  readonly tried: Set<string>;
  readonly #parent: Call;
  readonly #listeners: ((ended: CallEnded) => void)[] = [];
  #timedOut: CallEnded | undefined;
  #controller: AbortController | undefined;

  constructor(parent: Call, attempt: Attempt, tried: Set<string>) {
    this.#parent = parent;
    this.tried = tried;
    attempt.onTimeout(() => {
      const ended = new CallEnded("deadline");
      this.#timedOut = ended;
      for (const listener of this.#listeners) listener(ended);
    });
  }

  get call(): Call {
    return this;
  }

  get hasTimedOut(): boolean {
    return this.#timedOut !== undefined;
  }

  get ended(): CallEnded | undefined {
    return this.#parent.ended ?? this.#timedOut;
  }

  onEnded(listener: (ended: CallEnded) => void): void {
    this.#parent.onEnded(listener);
    if (this.#timedOut) listener(this.#timedOut);
    else this.#listeners.push(listener);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      this.onEnded((ended) => controller.abort(ended));
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    return this.#parent.remainingMs();
  }

  elapsedMs(): number {
    return this.#parent.elapsedMs();
  }

  get upstreamCost(): UpstreamCost | undefined {
    return this.#parent.upstreamCost;
  }

  set upstreamCost(cost: UpstreamCost | undefined) {
    this.#parent.upstreamCost = cost;
  }

  [Symbol.dispose](): void {
    // The parent is disposed by the code that opened it.
  }
}

/** No instance may be called. The next call would fail in the same way, so it is not retried. */
class BreakerOpen extends Problem {
  constructor(service: string) {
    super("backend-down", `${service} is unavailable: the circuit breaker of every instance is open.`);
  }
}

/** The instances file could not be read yet; a retry comes too early. */
class NoInstance extends Problem {
  constructor(service: string) {
    super("backend-down", `${service} is unavailable: its instances file has no address yet.`);
  }
}

const isTransient = (error: unknown): boolean =>
  error instanceof Problem &&
  (error.kind === "backend-down" || error.kind === "backend-broken") &&
  !(error instanceof BreakerOpen || error instanceof NoInstance);

/**
 * A call that missed its deadline counts as a failure of the instance only if it took this much longer than its parameters
 * require, because a client can set any deadline, and must not be able to open breakers; milliseconds.
 */
const SLOW_MS = 1_000;

/** Returns what an error says about the instance; `ms` is the time beyond what the call's parameters require. */
function outcomeOf(error: unknown, ms: number): CallOutcome {
  if (!(error instanceof Problem)) return "unknown"; // the call was ended, not by the instance
  return error.kind === "backend-too-slow" && ms < SLOW_MS ? "unknown" : "failed";
}
