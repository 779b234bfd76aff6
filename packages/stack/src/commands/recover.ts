import { readClaim, removeClaim } from "../state/claim.ts";
import { leftovers } from "../state/own.ts";
import { stopRecorded } from "../terminate/stop-recorded.ts";

/**
 * Every command begins with this: when the stack's owner was killed, what it left behind is stopped.
 * @returns whether there was anything to stop.
 */
export async function recover(state: string): Promise<boolean> {
  const claim = readClaim(state);
  if (claim?.alive) return false;
  const stopped = await stopRecorded(state);
  if (claim) removeClaim(state);
  if (stopped.length === 0) return false;
  console.error(leftovers(stopped));
  return true;
}
