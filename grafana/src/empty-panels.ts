import type { StackFaultName } from "@lgtm-lab/faults/client";

/** The declaration of a panel that may be empty. */
export interface EmptyWhenHealthy {
  /**
   * Text that is shown instead of "No data". Grafana's tables, logs and state timelines do not show it: a table or
   * state timeline needs a row with this text (`orTextRow`), a table of traces a stat above it.
   */
  readonly text: string;
  /** The faults that fill the panel. A test sets each of them and checks the panel. */
  readonly filledBy: readonly [StackFaultName, ...StackFaultName[]];
}

/** The declaration of a panel that is empty while a mechanism of the gateway is off. */
export interface EmptyWhenOff {
  /** Text that is shown instead of "No data", with the same exceptions as in {@link EmptyWhenHealthy}. */
  readonly text: string;
  /** The variables of the gateway that turn it on. A test turns on all mechanisms and checks the panel. */
  readonly turnedOnBy: readonly [string, ...string[]];
}

/** The declaration of a panel that is empty unless a load test ran in the time range. */
export const emptyWithoutLoadTest = "No load test in this time range (npx lab load)";

/** Panels for which Grafana does not show `noValue` but an empty header, "No data" or an error about the data. */
export const TYPES_WITHOUT_NO_VALUE: ReadonlySet<string> = new Set(["logs", "table", "state-timeline"]);

/** Returns the last sentence in the description of a panel that may be empty. Tests search for it. */
export const healthySentence = ({ filledBy }: EmptyWhenHealthy): string =>
  `Empty when the system is healthy; filled by ${filledBy.join(", ")}.`;

/** Returns the last sentence in the description of a panel that is empty while a mechanism is off. */
export const offSentence = ({ turnedOnBy }: EmptyWhenOff): string =>
  `Empty while the mechanism is off; turned on by ${turnedOnBy.join(", ")}.`;

/** The last sentence in the description of a panel that a load test fills. */
export const LOAD_TEST_SENTENCE = "Empty unless a load test ran in the time range.";

/** Fills the panels with {@link LOAD_TEST_SENTENCE}. Not a fault: `lab load` does it. */
export const LOAD_TEST = "load-test";

/** Fills the panels with {@link offSentence}, together with requests. Not a fault: variables of the gateway turn it on. */
export const MECHANISM = "mechanism";

const OFF_SENTENCE = /Empty while the mechanism is off; turned on by [A-Z_]+(?:, [A-Z_]+)*\.$/;
const SENTENCE = /Empty when the system is healthy; filled by ([a-z-]+(?:, [a-z-]+)*)\.$/;

/**
 * Returns the faults that fill a panel, read from its description, or {@link LOAD_TEST}, or {@link MECHANISM}. Returns
 * none if the panel must never be empty.
 */
export function filledBy(panel: { readonly description?: string | undefined }): readonly string[] {
  if (panel.description?.endsWith(LOAD_TEST_SENTENCE)) return [LOAD_TEST];
  if (OFF_SENTENCE.test(panel.description ?? "")) return [MECHANISM];
  return SENTENCE.exec(panel.description ?? "")?.[1]?.split(", ") ?? [];
}
