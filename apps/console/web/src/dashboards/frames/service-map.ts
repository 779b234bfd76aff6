import type { DataFrame, FieldType } from "@grafana/data";
import type { Series } from "../../api/prometheus.ts";
import { anyRefused, seriesRefused } from "../../api/span-metrics.ts";
import { NUMBER, STRING } from "./field-types.ts";
import { unnamedNotice } from "./notices.ts";
import { numberOf } from "./prometheus.ts";

/** Which service calls which, with calls a second, mean duration and share of failures. */
export interface Call {
  readonly client: string;
  readonly server: string;
  readonly perSecond: number;
  /** Of the mean call; nothing when it is unknown. */
  readonly seconds: number | undefined;
  /** 0 to 1; nothing when it is unknown. */
  readonly failed: number | undefined;
}

export interface ServiceNode {
  readonly id: string;
  readonly perSecond: number;
  readonly seconds: number | undefined;
  readonly failed: number | undefined;
}

/** What Tempo's service graph is asked for a whole time range, and whether it is complete. */
export const SERVICE_MAP = {
  requests: rateOf("traces_service_graph_request_total"),
  seconds: rateOf("traces_service_graph_request_server_seconds_sum"),
  failed: rateOf("traces_service_graph_request_failed_total"),
  refused: seriesRefused("$__range"),
};

/** The number of kinds of calls that the map cannot show, because their caller or callee has no name. */
export const unnamedOf = (requests: readonly Series[]): number =>
  requests.filter(({ metric, values }) => !(metric.client && metric.server) && Number(values.at(-1)?.[1]) > 0)
    .length;

function rateOf(metric: string) {
  return `sum by (client, server) (rate(${metric}[$__range]))`;
}

/**
 * Puts the answers together. Tempo makes the series of failures at the first one: without it nothing has failed, unless
 * Tempo refused to make it.
 */
export function callsOf(answers: Readonly<Record<keyof typeof SERVICE_MAP, readonly Series[]>>): Call[] {
  const key = ({ metric }: Series) => `${metric.client}\0${metric.server}`;
  const value = ({ values }: Series) => Math.max(0, numberOf(values.at(-1)?.[1] ?? "0") || 0);
  const by = (series: readonly Series[]) => new Map(series.map((one) => [key(one), value(one)]));
  const [seconds, failed] = [by(answers.seconds), by(answers.failed)];
  const withoutFailures = anyRefused(answers.refused) ? undefined : 0;
  const perCall = (sum: number | undefined, calls: number) => (sum === undefined ? undefined : sum / calls);
  return answers.requests.flatMap((one) => {
    const { client = "", server = "" } = one.metric;
    const perSecond = value(one);
    if (!client || !server || perSecond <= 0) return [];
    const share = perCall(failed.get(key(one)) ?? withoutFailures, perSecond);
    return {
      client,
      server,
      perSecond,
      seconds: perCall(seconds.get(key(one)), perSecond),
      failed: share === undefined ? undefined : Math.min(1, share),
    };
  });
}

/** Each service with what it was asked; who only asks has what it asked. Unknown is what is unknown of any of its calls. */
export function nodesOf(calls: readonly Call[]): ServiceNode[] {
  const ids = [...new Set(calls.flatMap(({ client, server }) => [client, server]))];
  return ids.map((id) => {
    const asked = calls.filter(({ server }) => server === id);
    const counted = asked.length > 0 ? asked : calls.filter(({ client }) => client === id);
    const perSecond = counted.reduce((sum, call) => sum + call.perSecond, 0);
    const mean = (of: (call: Call) => number | undefined) => {
      const sum = counted.reduce((total, call) => total + (of(call) ?? Number.NaN) * call.perSecond, 0);
      return Number.isNaN(sum) ? undefined : perSecond > 0 ? sum / perSecond : 0;
    };
    return { id, perSecond, seconds: mean(({ seconds }) => seconds), failed: mean(({ failed }) => failed) };
  });
}

/** As a frame of edges, in which it travels to its panel. */
export function callsFrame(calls: readonly Call[], refId: string, unnamed = 0): DataFrame {
  const column = (name: string, type: FieldType, values: unknown[], unit?: string) => ({
    name,
    type,
    values,
    config: unit ? { unit } : {},
  });
  return {
    refId,
    name: "edges",
    length: calls.length,
    meta: { preferredVisualisationType: "nodeGraph", ...unnamedNotice(unnamed) },
    fields: [
      column(
        "source",
        STRING,
        calls.map(({ client }) => client),
      ),
      column(
        "target",
        STRING,
        calls.map(({ server }) => server),
      ),
      column(
        "perSecond",
        NUMBER,
        calls.map(({ perSecond }) => perSecond),
        "reqps",
      ),
      column(
        "seconds",
        NUMBER,
        calls.map(({ seconds = null }) => seconds),
        "s",
      ),
      column(
        "failed",
        NUMBER,
        calls.map(({ failed = null }) => failed),
        "percentunit",
      ),
    ],
  };
}

/** Back from the frame; of any frame of edges, whoever made it. */
export function framesToCalls(frames: readonly DataFrame[]): Call[] {
  return frames.flatMap((frame) => {
    const column = (name: string) => frame.fields.find((field) => field.name === name)?.values;
    const [sources, targets] = [column("source"), column("target")];
    if (!sources || !targets) return [];
    const numberAt = (name: string, index: number) => {
      const value = column(name)?.[index] ?? undefined;
      return value === undefined ? undefined : Number(value) || 0;
    };
    return Array.from(sources, (source, index) => ({
      client: String(source),
      server: String(targets[index]),
      perSecond: numberAt("perSecond", index) ?? 0,
      seconds: numberAt("seconds", index),
      failed: numberAt("failed", index),
    }));
  });
}
