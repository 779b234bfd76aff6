import { z } from "zod";

/** The body of `GET /a/hello`, at the gateway and at service A's REST variant. */
export const helloReply = z.object({ from: z.literal("A"), message: z.string() });
export type HelloBody = z.infer<typeof helloReply>;

/** The body of `GET /b/numbers` in JSON mode, at the gateway and at service B's REST variant. */
export const numbersReply = z.object({ from: z.literal("B"), values: z.array(z.int()) });
export type NumbersBody = z.infer<typeof numbersReply>;

/** The `data:` of one `event: number` of `GET /b/numbers` in SSE mode. */
export const numberEvent = z.object({ value: z.int() });
