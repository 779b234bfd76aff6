import type { Socket } from "node:net";
import { messageOf } from "./errors.ts";

/** Returns the code of the system or of undici (`ECONNREFUSED`), which `fetch` puts into a `cause` of its error. */
export function errorCode(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause)
    if ("code" in each && typeof each.code === "string") return each.code;
  return undefined;
}

/** Returns a short reason why a request failed: the code, or the message if there is no code. */
export const failureReason = (error: unknown): string => errorCode(error) ?? messageOf(error);

/**
 * Returns the innermost cause of an error, which explains why `fetch` failed. If it has no message, its name is used.
 */
export function rootCause(error: unknown): { readonly name: string; readonly message: string } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  if (error.cause instanceof Error) return rootCause(error.cause);
  return { name: error.name, message: error.message || error.name };
}

/**
 * Resets a TCP connection (RST). One that is ending already is only destroyed: libuv refuses to reset it
 * (`uv_tcp_close_reset`), and then its handle would stay open, and Node could not exit.
 */
export function resetConnection(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
