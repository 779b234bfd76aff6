import { STAGES } from "../components/types.ts";
import { isRunning } from "../spawn/process-info.ts";
import { clearRecords, readRecords } from "../state/records.ts";
import { terminate } from "./terminate.ts";

/**
 * Stops what a dead launcher left behind, in the stack's stop order, by its pid files.
 * @returns the names of the components that were still running.
 */
export async function stopRecorded(state: string): Promise<string[]> {
  const left = readRecords(state).filter((record) => record.process && isRunning(record.process));
  for (const stage of STAGES) {
    const together = left.filter((record) => record.stage === stage);
    await Promise.all(
      together.map(({ process, graceMs }) => (process ? terminate(process, { graceMs }) : undefined)),
    );
  }
  clearRecords(state);
  return left.map(({ name }) => name);
}
