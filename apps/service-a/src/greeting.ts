import type { HelloParams } from "@lgtm-lab/contracts";

/** What the greeting says it came by: the original lab's marks. */
export type Via = "A" | "A-REST";

/** The greeting, as the original lab worded it. */
export const greeting = ({ name }: HelloParams, via: Via): string => `Olá, ${name}! [${via}]`;
