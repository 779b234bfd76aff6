import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import { samplerChoice } from "../env.ts";

const NEVER: SamplingResult = { decision: SamplingDecision.NOT_RECORD };
const ALWAYS: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED };

/** Probes and discovery are infrastructure, not requests. The names are those of instrumentation-grpc. */
const INFRASTRUCTURE = /^grpc\.grpc\.(health|reflection|channelz)\./;

/**
 * Records every request regardless of its caller's decision, even if its `traceparent` ends in `-00`. Only calls of
 * gRPC's own health and reflection services create no spans.
 */
export const sampler: Sampler = {
  shouldSample: (_context, _traceId, spanName) => (INFRASTRUCTURE.test(spanName) ? NEVER : ALWAYS),
  toString: () => "EverythingButProbes",
};

/** Returns the sampler that OTEL_TRACES_SAMPLER selects, for everything but probes; by default {@link sampler}. */
export function chosenSampler({ name, ratio } = samplerChoice): Sampler {
  if (name === undefined) return sampler;
  const root = rootSampler(name.replace(/^parentbased_/, ""), ratio);
  const chosen = name.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
  return {
    shouldSample: (context, traceId, spanName, ...rest) =>
      INFRASTRUCTURE.test(spanName) ? NEVER : chosen.shouldSample(context, traceId, spanName, ...rest),
    toString: () => `EverythingButProbes(${chosen})`,
  };
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === "always_off") return new AlwaysOffSampler();
  return name === "always_on" ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}
