import type { HelloParams } from "@lgtm-lab/contracts";

/** The end of a greeting, which tells the protocol, as in the original lab: gRPC is `A`, REST is `A-REST`. */
export type Mark = "A" | "A-REST";

/** Returns the greeting, with the text of the original lab. */
export const greeting = ({ name }: HelloParams, mark: Mark): string => `Olá, ${name}! [${mark}]`;
