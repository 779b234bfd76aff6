import { accessSync, constants, mkdirSync } from "node:fs";
import { failureMessage, LabError, messageOf } from "../report/failure.ts";

/**
 * Makes the state folder, if it is not there.
 * @throws LabError that names LAB_STATE when it cannot be made, or not be written.
 */
export function prepareState(state: string): void {
  try {
    mkdirSync(state, { recursive: true });
    accessSync(state, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LabError(
      failureMessage({
        what: `The state folder ${state} cannot be used: ${messageOf(error)}.`,
        fix: "set LAB_STATE to a folder that you may write",
      }),
    );
  }
}
