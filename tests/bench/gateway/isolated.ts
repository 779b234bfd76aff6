import { ConcurrencyLimiter, SHORT_REQUEST_LIMITS } from "@lgtm-lab/resilience";
import { chooserFor } from "@lgtm-lab/resilience/balancing";
import { Instances, type InstancesOptions } from "@lgtm-lab/resilience/instances";
import { Retrier, RetryBudget } from "@lgtm-lab/resilience/retry";
import { TokenBuckets } from "../../../apps/gateway/src/edge/rate-limit.ts";

const BATCHES = 5;
const CALLS = 20_000;
const NONE: ReadonlySet<string> = new Set();

/** What each mechanism does for a request that succeeds, without a gateway around it. */
function work(): Readonly<Record<string, () => unknown>> {
  const signal = new AbortController().signal;
  const limiter = new ConcurrencyLimiter(SHORT_REQUEST_LIMITS);
  const call = { ended: undefined, onEnded() {}, remainingMs: () => 2_000 };
  const retrierWith = (attemptTimeoutMs: number) =>
    new Retrier({
      retries: 2,
      budget: new RetryBudget(20),
      isTransient: () => true,
      attemptTimeoutMs,
      onDecision() {},
    });
  const [retrier, timed] = [retrierWith(0), retrierWith(500)];
  const succeed = async () => "ok";
  const callAt = (names: readonly string[], options: Partial<InstancesOptions>) => {
    const instances = new Instances(new Map(names.map((name) => [name, name])), {
      choose: chooserFor("round-robin"),
      onEvent() {},
      ...options,
    });
    return () => instances.begin("client", NONE)?.end("ok");
  };
  const buckets = new TokenBuckets({ perSecond: 1e9, burst: 1e9 });
  return {
    "limit of requests in flight": () => {
      void limiter.acquire({ signal }); // below the limit it returns no promise
      limiter.release();
    },
    "choice of an instance, round-robin": callAt(["a", "b"], {}),
    "choice of an instance, least-time": callAt(["a", "b"], { choose: chooserFor("least-time") }),
    "with circuit breakers": callAt(["a", "b"], { breaker: { failures: 5, openMs: 5_000 } }),
    "with ejection": callAt(["a", "b"], { ejection: { failures: 5, forMs: 10_000 } }),
    retries: () => retrier.run(call, succeed),
    "retries with an attempt timeout": () => timed.run(call, succeed),
    "rate limit": () => buckets.take("client"),
  };
}

/** Measures the CPU time of each mechanism alone, in µs for one request, in several batches. */
export async function measureIsolated(): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  // The first batches are not counted, because V8 has not compiled the code yet.
  for (const [name, once] of Object.entries(work()))
    for (let batch = -2; batch < BATCHES; batch += 1) {
      const before = process.cpuUsage();
      for (let index = 0; index < CALLS; index += 1) await once();
      const { user, system } = process.cpuUsage(before);
      if (batch >= 0) times.set(name, [...(times.get(name) ?? []), (user + system) / CALLS]);
    }
  return times;
}
