import * as v from "valibot";

const integer = v.pipe(v.number(), v.safeInteger());

/** The response body of `GET /a/hello` at the gateway and at service A. */
export const helloResponse = v.object({ from: v.literal("A"), message: v.string() });
/** A greeting as JSON. */
export type HelloResponseBody = v.InferOutput<typeof helloResponse>;

/** The response body of `GET /a/hello` at a gateway that answers for a service A that failed (docs/resilience.md). */
export interface HelloFallbackBody {
  from: "gateway";
  message: string;
  fallback: true;
}

/** The JSON response body of `GET /b/numbers` at the gateway and at service B. */
export const numbersResponse = v.object({ from: v.literal("B"), values: v.array(integer) });
/** All numbers as JSON. */
export type NumbersResponseBody = v.InferOutput<typeof numbersResponse>;

/** The `data:` of an `event: number` in the event stream of `GET /b/numbers`. */
export const numberEvent = v.object({ value: integer });
