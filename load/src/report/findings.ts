import { PROTOCOL_NAMES, type Protocol } from "@lgtm-lab/contracts/services";
import type { LoadResult, LoadStep } from "../result.ts";
import { bestOf, cpuMsOf, protocolsOf, shareOf, stepsOf, throughputOf, usersOf } from "./figures.ts";
import { count, decimal, isFiniteNumber, listOf, milliseconds, percent } from "./format.ts";
import { ORIGINAL_GRPC } from "./original.ts";

/** A difference below this share is not reported as a difference. */
const NOTICEABLE = 0.05;

/** Returns the result in sentences, which are computed from its numbers. */
export function findingsOf(result: LoadResult): string[] {
  if (result.steps.length === 0) return ["No step was measured."];
  return [
    throughput(result),
    latency(result),
    cpu(result),
    shed(result),
    failures(result),
    losses(result),
    recovery(result),
    original(result),
  ].filter((sentence) => sentence !== undefined);
}

/** Returns notes about steps that are incomplete or violated a threshold. */
export function notesOf(result: LoadResult): string[] {
  const incomplete = result.steps.filter(({ complete }) => !complete);
  const steps = listOf(incomplete.map((step) => `${nameOf(step)} (after ${decimal(step.seconds)} s)`));
  const failed = result.steps.filter(({ failedThresholds }) => failedThresholds.length > 0);
  const thresholds = failed.map((step) => `${nameOf(step)}: ${step.failedThresholds.join(", ")}`).join("; ");
  return [
    ...(result.stoppedEarly ? ["The load test was stopped early: later steps are missing."] : []),
    ...(incomplete.length > 0 ? [`† Stopped early: ${steps}. The numbers cover the measured seconds.`] : []),
    ...(failed.length > 0 ? [`Failed thresholds: ${thresholds}.`] : []),
  ];
}

const nameOf = ({ protocol, users }: LoadStep): string =>
  `${PROTOCOL_NAMES[protocol]}, ${count(users)} users`;

function throughput(result: LoadResult): string {
  const best = protocolsOf(result).map((protocol) => {
    const step = bestOf(result, protocol);
    return { name: PROTOCOL_NAMES[protocol], users: step?.users, value: (step && throughputOf(step)) ?? 0 };
  });
  const [first, second] = best.toSorted((a, b) => b.value - a.value);
  if (!first || first.value === 0) return "No request succeeded.";
  const at = `${first.name} answers at most ${decimal(first.value)} requests/s with status 200 (${count(first.users)} users)`;
  if (!second) return `${at}. ${first.name === "gRPC" ? "REST" : "gRPC"} was not measured.`;
  if (second.value === 0) return `${at}. No request over ${second.name} succeeded.`;
  const ratio = first.value / second.value;
  const both = `${at}, ${second.name} ${decimal(second.value)} (${count(second.users)} users)`;
  return ratio < 1 + NOTICEABLE
    ? `${both}: the difference is below 5 %.`
    : `${both}: ${first.name} is ${decimal(ratio)} times as fast.`;
}

/** Compares the latency at the lowest number of users for which all protocols have one: there, no request waits. */
function latency(result: LoadResult): string | undefined {
  const protocols = protocolsOf(result);
  const at = usersOf(result).find((users) =>
    protocols.every((protocol) => isFiniteNumber(stepAt(result, protocol, users)?.latencyMs?.mean)),
  );
  if (at === undefined) return undefined;
  const values = protocols.map((protocol) => ({
    name: PROTOCOL_NAMES[protocol],
    latency: stepAt(result, protocol, at)?.latencyMs,
  }));
  const means = values.map(({ name, latency }) => `${milliseconds(latency?.mean)} over ${name}`);
  const most = values.map(({ name, latency }) => `${milliseconds(latency?.p95)} over ${name}`);
  return `With ${count(at)} users a successful request takes ${listOf(means)} on average; 95 % take at most ${listOf(most)}.`;
}

const stepAt = (result: LoadResult, protocol: Protocol, users: number): LoadStep | undefined =>
  stepsOf(result, protocol).find((step) => step.users === users);

/** A shed request costs almost nothing, so steps in which every request succeeds are compared, if both have some. */
function cpu(result: LoadResult): string | undefined {
  const protocols = protocolsOf(result);
  const measured = result.steps.filter((step) => isFiniteNumber(cpuMsOf(step)) && step.requests > 0);
  const good = measured.filter(({ shed, failed }) => shed + failed === 0);
  const enough = protocols.every((protocol) => good.some((step) => step.protocol === protocol));
  const costs = protocols.flatMap((protocol) => {
    const steps = (enough ? good : measured).filter((step) => step.protocol === protocol);
    const requests = steps.reduce((sum, step) => sum + step.requests, 0);
    const total = steps.reduce((sum, step) => sum + (cpuMsOf(step) ?? 0) * step.requests, 0);
    return requests > 0 ? [{ name: PROTOCOL_NAMES[protocol], value: total / requests }] : [];
  });
  if (costs.length === 0) return undefined;
  const texts = costs.map(
    ({ name, value }, index) => `${milliseconds(value)} ${index === 0 ? "of CPU time " : ""}over ${name}`,
  );
  const which = enough ? "the steps in which every request succeeds" : "all steps";
  return `A request costs ${listOf(texts)} in gateway and services together (mean of ${which}).`;
}

function shed(result: LoadResult): string {
  const sentences = protocolsOf(result).flatMap((protocol) => {
    const shedding = stepsOf(result, protocol).filter(({ shed }) => shed > 0);
    const [first] = shedding;
    if (!first) return [];
    const most = Math.max(...shedding.map((step) => shareOf(step.shed, step)));
    return [
      `over ${PROTOCOL_NAMES[protocol]} from ${count(first.users)} users on (at most ${percent(most)})`,
    ];
  });
  if (sentences.length === 0) return "No request was shed (503).";
  return `Requests are shed (503) ${listOf(sentences)}.`;
}

function failures({ steps }: LoadResult): string {
  const failing = steps.filter(({ failed }) => failed > 0);
  if (failing.length === 0) return "No request failed: each got status 200, or 503 when it was shed.";
  const list = failing.map((step) => `${count(step.failed)} (${nameOf(step)})`);
  return `Failed requests (other statuses, timeouts, connection errors): ${listOf(list)}.`;
}

function losses({ steps }: LoadResult): string {
  const [spans, lines] = [
    steps.reduce((sum, { dropped }) => sum + dropped.spans, 0),
    steps.reduce((sum, { dropped }) => sum + dropped.lines, 0),
  ];
  if (spans + lines === 0) return "The services dropped no span and no log line.";
  return `The services dropped ${count(spans)} spans and ${count(lines)} log lines; each is counted.`;
}

function recovery({ recoveredAfterS }: LoadResult): string | undefined {
  return isFiniteNumber(recoveredAfterS)
    ? `Response times returned to normal ${decimal(recoveredAfterS)} s after the last step.`
    : undefined;
}

/** Compares the highest number of users that both runs have, over gRPC. */
function original(result: LoadResult): string | undefined {
  const published = ORIGINAL_GRPC.findLast(({ users }) => stepAt(result, "grpc", users));
  const step = published && stepAt(result, "grpc", published.users);
  if (!step) return undefined;
  return `The original lab answered ${decimal(published.throughput)} requests/s over gRPC with ${count(published.users)} users (mean ${milliseconds(published.meanMs)}), this run ${decimal(throughputOf(step))} (mean ${milliseconds(step.latencyMs?.mean)}). Machine and set-up differ, see below.`;
}
