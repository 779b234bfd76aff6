/** A request that was sent to see where its telemetry goes. */
export interface Probe {
  readonly url: string;
  /** The services it crosses, each of which owes spans and log lines. */
  readonly crosses: readonly string[];
  /** From `x-trace-id`, when it was answered. */
  readonly traceId: string | undefined;
  /** What came instead of a 200 with a trace id. */
  readonly problem: string | undefined;
}

const ANSWER_MS = 5000;
const ROUTES = [
  { path: "/a/hello?name=doctor", service: "service-a" },
  { path: "/b/numbers?count=3", service: "service-b" },
] as const;

/** One request for each route over each gateway, none of which carries a trace of its own. */
export async function sendProbes(gateways: Readonly<Record<string, string>>): Promise<Probe[]> {
  const planned = Object.entries(gateways).flatMap(([gateway, address]) =>
    ROUTES.map(({ path, service }) => ({ url: address + path, crosses: [gateway, service] })),
  );
  return await Promise.all(planned.map(async (probe) => ({ ...probe, ...(await send(probe.url)) })));
}

async function send(url: string): Promise<Pick<Probe, "traceId" | "problem">> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const body = await response.text();
    const traceId = response.headers.get("x-trace-id") ?? undefined;
    if (response.status !== 200) return { traceId, problem: `${response.status} ${body.slice(0, 200)}` };
    return { traceId, problem: traceId ? undefined : "no x-trace-id in the answer" };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
    return { traceId: undefined, problem: cause.message || cause.name };
  }
}
