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

/** The declaration of a panel that is empty unless a load test ran in the time range. */
export const emptyWithoutLoadTest = "No load test in this time range (npx lab load)";

/** Panels for which Grafana does not show `noValue` but an empty header, "No data" or an error about the data. */
export const TYPES_WITHOUT_NO_VALUE: ReadonlySet<string> = new Set(["logs", "table", "state-timeline"]);

/** Returns the last sentence in the description of a panel that may be empty. Tests search for it. */
export const healthySentence = ({ filledBy }: EmptyWhenHealthy): string =>
  `Empty when the system is healthy; filled by ${filledBy.join(", ")}.`;

/** The last sentence in the description of a panel that a load test fills. */
export const LOAD_TEST_SENTENCE = "Empty unless a load test ran in the time range.";

/** Fills the panels with {@link LOAD_TEST_SENTENCE}. Not a fault: `lab load` does it. */
export const LOAD_TEST = "load-test";

const SENTENCE = /Empty when the system is healthy; filled by ([a-z-]+(?:, [a-z-]+)*)\.$/;

/**
 * Returns the faults that fill a panel, read from its description, or {@link LOAD_TEST}. Returns none if the panel
 * must never be empty.
 */
export function filledBy(panel: { readonly description?: string | undefined }): readonly string[] {
  if (panel.description?.endsWith(LOAD_TEST_SENTENCE)) return [LOAD_TEST];
  return SENTENCE.exec(panel.description ?? "")?.[1]?.split(", ") ?? [];
}
