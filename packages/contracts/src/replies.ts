import { z } from "zod";

/** The response body of `GET /a/hello` at the gateway and at service A. */
export const helloReply = z.object({ from: z.literal("A"), message: z.string() });
/** A greeting as JSON. */
export type HelloBody = z.infer<typeof helloReply>;

/** The JSON response body of `GET /b/numbers` at the gateway and at service B. */
export const numbersReply = z.object({ from: z.literal("B"), values: z.array(z.int()) });
/** All numbers as JSON. */
export type NumbersBody = z.infer<typeof numbersReply>;

/** The `data:` of an `event: number` in the event stream of `GET /b/numbers`. */
export const numberEvent = z.object({ value: z.int() });
