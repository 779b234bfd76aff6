/** An expected failure. Its message is written for the user: programs print it as it is, without a stack. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
