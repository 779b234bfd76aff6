import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { joinJson } from "../delivery/batch.ts";
import { isHtml, type PostResponse, poster, reasonOf, type TlsFiles } from "../delivery/post.ts";
import type { SendResult } from "../delivery/queue.ts";
import type { OtlpSender } from "./otlp-sender.ts";
import { serializeProtobuf, serializeWith } from "./span-writer.ts";

/** The statuses that OTLP/HTTP calls retryable (opentelemetry.io/docs/specs/otlp, "Failures"). */
const RETRYABLE = new Set([429, 502, 503, 504]);

export interface OtlpHttpOptions {
  url: string;
  json: boolean;
  timeoutMs: number;
  headers: Record<string, string>;
  gzip: boolean;
  tls?: TlsFiles;
}

/**
 * Sends spans by OTLP over HTTP, one attempt per call. OpenTelemetry's own exporter retries itself and does not report
 * the reason of a failure until it gives up.
 */
export function otlpHttpSender(options: OtlpHttpOptions): OtlpSender {
  const serializer = options.json ? JsonTraceSerializer : ProtobufTraceSerializer;
  const post = poster(new URL(options.url), {
    timeoutMs: options.timeoutMs,
    headers: {
      ...options.headers,
      "content-type": options.json ? "application/json" : "application/x-protobuf",
      ...(options.gzip && { "content-encoding": "gzip" }),
    },
    tls: options.tls,
  });

  async function send(body: Buffer): Promise<SendResult> {
    try {
      return outcomeOf(await post(options.gzip ? await promisify(gzip)(body) : body));
    } catch (error) {
      return { retry: true, reason: String(error) };
    }
  }

  function outcomeOf(response: PostResponse): SendResult {
    const { status, contentType, body } = response;
    const reason = reasonOf(response);
    if (status >= 200 && status < 300) {
      if (isHtml(contentType))
        return { retry: true, reason: `${reason}, which is not a response from an OTLP receiver` };
      return { accepted: true, ...partialSuccess(body) };
    }
    return RETRYABLE.has(status) ? { retry: true, reason } : { reject: true, reason };
  }

  function partialSuccess(body: Buffer): { rejected?: number; reason?: string } {
    if (body.length === 0) return {};
    try {
      const { partialSuccess: partial } = serializer.deserializeResponse(body);
      if (!partial) return {};
      return { rejected: Number(partial.rejectedSpans ?? 0), reason: partial.errorMessage ?? "" };
    } catch {
      return {}; // accepted; the response has another format
    }
  }

  return {
    serialize: options.json ? serializeWith(JsonTraceSerializer) : serializeProtobuf,
    join: options.json ? joinJson('{"resourceSpans":[', "]}") : Buffer.concat,
    send: (body) => context.with(suppressTracing(ROOT_CONTEXT), () => send(body)),
    close: async () => {},
  };
}
