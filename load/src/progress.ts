import { PROTOCOL_NAMES } from "@lgtm-lab/contracts/services";
import type { StepPlan } from "./plan.ts";
import type { LoadStep } from "./result.ts";
import type { LiveCounts } from "./summary.ts";

/** The state of a run. */
export interface Progress extends StepPlan {
  /** The number of the step, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly phase: "starting" | "warming up" | "measuring" | "finishing";
  readonly live?: LiveCounts;
  /** How long the measurement has run. */
  readonly measuredS?: number;
  /** Time left for all steps, in seconds. */
  readonly leftS: number;
}

/** Formats the progress as one line. */
export function progressLine(progress: Progress): string {
  const { step, steps, users, protocol, phase, live, measuredS = 0 } = progress;
  const where = `${step} of ${steps}  ${PROTOCOL_NAMES[protocol]}, ${number(users)} users`;
  const doing =
    live && measuredS > 0 && phase !== "starting"
      ? countsText({ ...live, seconds: Math.min(measuredS, progress.seconds) })
      : phase;
  return `${where}: ${doing}; ${left(progress.leftS)} left`;
}

/** Formats the result of a step as one line. */
export function stepLine(step: LoadStep): string {
  const { protocol, users, seconds, succeeded, shed, failed, latencyMs, complete } = step;
  const p95 = latencyMs ? `, p95 ${milliseconds(latencyMs.p95)}` : "";
  const early = complete ? "" : ` (stopped after ${seconds.toFixed(1)} s)`;
  const counts = countsText({ succeeded, shed, failed, seconds, meanMs: latencyMs?.mean });
  return `${PROTOCOL_NAMES[protocol]}, ${number(users)} users: ${counts}${p95}${early}`;
}

function countsText(counts: LiveCounts & { readonly seconds: number }): string {
  const { succeeded, shed, failed, meanMs, seconds } = counts;
  const rate = `${number(Math.round(succeeded / seconds))} successful requests/s`;
  const mean = meanMs === undefined ? "" : `, mean ${milliseconds(meanMs)}`;
  return `${rate}${mean}, ${number(shed)} shed, ${number(failed)} failed`;
}

const number = (value: number): string => value.toLocaleString("en");

const milliseconds = (ms: number): string =>
  ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toFixed(2)} s`;

function left(seconds: number): string {
  const wholeSeconds = Math.ceil(seconds);
  return wholeSeconds < 60
    ? `${wholeSeconds} s`
    : `${Math.floor(wholeSeconds / 60)} min ${wholeSeconds % 60} s`;
}
