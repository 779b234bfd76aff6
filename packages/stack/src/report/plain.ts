import { styleText } from "node:util";
import type { Report, StackEvent } from "./events.ts";
import { createPrograms } from "./programs.ts";

const OVERALL_MS = 10_000;
const NAME_WIDTH = 14;

export interface PlainOptions {
  /** The address of a component for users; printed as soon as it is ready, while programs are still missing. */
  readonly address?: (component: string) => string | undefined;
}

/** Tells events as lines of text: for pipes, CI, and everything after the start. */
export function createPlainReport(write: (line: string) => void, { address }: PlainOptions = {}): Report {
  const told = new Map<string, string>();
  const programs = createPrograms();
  const ready = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  /** Prints one line for all missing programs every few seconds. */
  function follow() {
    const missing = programs.missing().length > 0;
    if (missing)
      timer ??= setInterval(() => {
        const text = programs.text();
        if (text) write(`  ${text}`);
      }, OVERALL_MS).unref();
    else {
      clearInterval(timer);
      timer = undefined;
    }
  }

  /** Includes components that were ready before the first program was found missing. */
  function tellUsable() {
    for (const component of ready) {
      const where = address?.(component);
      if (where) write(`  ${component}: ${where} (ready; ${programs.stillMissing()})`);
    }
    ready.clear();
  }

  return (event) => {
    programs.take(event);
    follow();
    if (event.type === "progress") {
      // Progress numbers are in the line for all programs.
      const kind = event.text.replace(/\d+/g, "");
      if (told.get(event.component) === kind) return;
      told.set(event.component, kind);
    }
    write(lineOf(event));
    if (event.type === "ready") ready.add(event.component);
    if (programs.missing().length > 0) tellUsable();
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
