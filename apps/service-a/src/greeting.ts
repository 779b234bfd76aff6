import type { HelloParams } from "@lgtm-lab/contracts";

/** The protocol of a greeting, as in the original lab: gRPC is `A`, REST is `A-REST`. */
export type Protocol = "A" | "A-REST";

/** Returns the greeting, with the text of the original lab. */
export const greeting = ({ name }: HelloParams, protocol: Protocol): string => `Olá, ${name}! [${protocol}]`;
