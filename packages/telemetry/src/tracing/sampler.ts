import { type Sampler, SamplingDecision, type SamplingResult } from "@opentelemetry/sdk-trace";

const NEVER: SamplingResult = { decision: SamplingDecision.NOT_RECORD };
const ALWAYS: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED };

/** Probes and discovery: infrastructure, not requests. Names as instrumentation-grpc spells them. */
const INFRASTRUCTURE = /^grpc\.grpc\.(health|reflection|channelz)\./;

/**
 * Records every request, whatever its caller decided: a `traceparent` that ends in `-00` hides nothing.
 * Only calls of gRPC's own health and reflection services make no spans.
 */
export const sampler: Sampler = {
  shouldSample: (_context, _traceId, spanName) => (INFRASTRUCTURE.test(spanName) ? NEVER : ALWAYS),
  toString: () => "EverythingButProbes",
};
