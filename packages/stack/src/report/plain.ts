import { styleText } from "node:util";
import type { Report, StackEvent } from "./events.ts";

const PROGRESS_MS = 5000;
const NAME_WIDTH = 14;

/** Tells events as lines of text: for pipes, CI, and everything after the start. */
export function createPlainReport(write: (line: string) => void): Report {
  const told = new Map<string, { at: number; kind: string }>();
  return (event) => {
    if (event.type !== "progress") return write(lineOf(event));
    // Numbers that only count on are told every few seconds, a new kind of work at once.
    const kind = event.text.replace(/\d+/g, "");
    const last = told.get(event.component);
    if (last?.kind === kind && Date.now() - last.at < PROGRESS_MS) return;
    told.set(event.component, { at: Date.now(), kind });
    write(lineOf(event));
  };
}

function lineOf(event: StackEvent): string {
  if (event.type === "note") return event.text;
  const name = event.component.padEnd(NAME_WIDTH);
  switch (event.type) {
    case "ready":
      return `${styleText("green", "✓")} ${name} ready in ${event.seconds.toFixed(1)} s  (${event.detail})`;
    case "failed":
    case "died":
      return `${styleText("red", "✗")} ${event.message}`;
    default:
      return `  ${name} ${event.text}`;
  }
}
