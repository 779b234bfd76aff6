/** An expected failure. Its message is written for the user: programs print it unchanged, without a stack trace. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
