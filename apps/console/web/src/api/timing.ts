/** What a request has cost the gateway, as it tells it. */
export interface Timing {
  readonly totalMs: number;
  /** Of that, the call to A or B. */
  readonly upstreamMs: number;
  /** Bytes between the gateway and the service, as they were on the wire. */
  readonly sent: number;
  readonly received: number;
}

/** From the header `Server-Timing`. Nothing when it does not tell all of it. */
export function timingOfHeader(header: string | null): Timing | undefined {
  const entries = new Map<string, { dur: number; desc: string }>();
  for (const part of (header ?? "").split(",")) {
    const [name = "", ...params] = part.split(";").map((one) => one.trim());
    const value = (key: string) =>
      params.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
    entries.set(name, { dur: Number(value("dur") || Number.NaN), desc: value("desc").replaceAll('"', "") });
  }
  return timing(
    entries.get("total")?.dur,
    entries.get("upstream")?.dur,
    Number(entries.get("sent")?.desc || Number.NaN),
    Number(entries.get("received")?.desc || Number.NaN),
  );
}

/** From the event `timing` of a stream. */
export function timingOfEvent(data: unknown): Timing | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const told = data as Readonly<Record<string, unknown>>;
  return timing(told.total_ms, told.upstream_ms, told.sent, told.received);
}

function timing(...told: readonly unknown[]): Timing | undefined {
  const [totalMs, upstreamMs, sent, received] = told;
  const known = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  if (!known(totalMs) || !known(upstreamMs) || !known(sent) || !known(received)) return undefined;
  return { totalMs, upstreamMs, sent, received };
}
