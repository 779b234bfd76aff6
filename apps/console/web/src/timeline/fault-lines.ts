/** What the services' logs tell of a fault: that it was set, that a call met it, that it ended. */
export interface FaultLine {
  readonly kind: "set" | "met" | "ended";
  readonly fault: string;
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of `set`: how long it was to last. */
  readonly forMs?: number;
  /** Of `ended`: whether somebody ended it, rather than its own timer. */
  readonly cleared?: boolean;
  /** Of `met`. */
  readonly traceId?: string;
}

/** The part of Loki's answer that is read here. */
export interface LokiStreams {
  readonly data?: { readonly result?: readonly LokiStream[] };
}
interface LokiStream {
  readonly stream?: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [string, string, ...unknown[]])[];
}

const NAME = /^[a-z][a-z0-9-]{0,40}$/;

/** Whether a text may be a fault's name, and so may stand in a query as it is. */
export const isFaultName = (text: string): boolean => NAME.test(text);

const SERVICES = '{service_name=~"service-a|service-b|gateway|gateway-rest"}';

/** LogQL for the lines that tell when a fault (or any) was set and when it ended. */
export const setAndEnded = (fault?: string): string =>
  `${SERVICES} |~ "fault ${fault ?? "[a-z0-9-]+"} (is set|has ended)"`;

/** LogQL for the calls that met a fault. Several at once are told as `slow-a,slow-b`. */
export const callsThatMet = (fault: string): string =>
  `${SERVICES} |= "call affected by fault" | json fault="fault" | fault=~"(.+,)?${fault}(,.+)?"`;

/** The lines about faults in an answer of Loki, oldest first; others are passed over. */
export function readFaultLines(answer: LokiStreams): FaultLine[] {
  const lines = (answer.data?.result ?? []).flatMap(({ values = [] }) =>
    values.flatMap(([time, text]) => readLine(time, text) ?? []),
  );
  return lines.sort((a, b) => a.at - b.at);
}

function readLine(nanoseconds: string, text: string): FaultLine | undefined {
  const line = parse(text);
  const at = Number(nanoseconds) / 1e6;
  if (!line || !Number.isFinite(at) || typeof line.fault !== "string") return undefined;
  const { fault, msg } = line;
  const base = { fault, at, service: typeof line.service_name === "string" ? line.service_name : "" };
  if (typeof msg !== "string") return undefined;
  if (msg.endsWith("is set"))
    return { kind: "set", ...base, ...(typeof line.for_ms === "number" && { forMs: line.for_ms }) };
  if (msg.includes("has ended")) return { kind: "ended", ...base, cleared: msg.endsWith("it was cleared") };
  if (!msg.startsWith("call affected by fault")) return undefined;
  const { trace_id } = line;
  const traceId = typeof trace_id === "string" && /^[0-9a-f]{32}$/.test(trace_id) ? trace_id : undefined;
  return { kind: "met", ...base, ...(traceId && { traceId }) };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
