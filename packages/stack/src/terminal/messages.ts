import { styleText } from "node:util";

export { LabError, messageOf } from "@lgtm-lab/contracts";

/** The progress of a program that must be downloaded or built first. */
export interface WorkProgress {
  readonly kind: "download" | "build";
  /** 0 to 1. */
  readonly done: number;
}

/** Reports the progress of a long step as text and, for a download or build, as a fraction. */
export type Progress = (text: string, work?: WorkProgress) => void;

/** An event of a stack that starts, runs or stops. Plain data, because a detached launcher sends it over IPC. */
export type StackEvent =
  | { readonly type: "note"; readonly text: string }
  | {
      readonly type: "progress";
      readonly component: string;
      readonly text: string;
      readonly work?: WorkProgress;
    }
  | { readonly type: "ready"; readonly component: string; readonly seconds: number; readonly detail: string }
  | { readonly type: "skipped"; readonly component: string; readonly text: string }
  | { readonly type: "failed"; readonly component: string; readonly message: string }
  | { readonly type: "died"; readonly component: string; readonly message: string }
  | { readonly type: "stopped"; readonly component: string; readonly text: string };

export type Report = (event: StackEvent) => void;

const NAME_WIDTH = 14;

/** Formats an event as a line of text. */
export function lineOf(event: StackEvent): string {
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

const MAX_WIDTH = 240;

export interface Failure {
  /** One sentence: which component, what happened. */
  readonly what: string;
  /** The failed command, for a shell. */
  readonly command?: string | undefined;
  /** The file with the complete output. */
  readonly log?: string | undefined;
  /** Its last lines. */
  readonly tail?: readonly string[] | undefined;
  /** The fix. */
  readonly fix?: string | undefined;
}

/** Formats a failure: what happened, the command, the end of its output, the fix. */
export function failureMessage({ what, command, log, tail, fix }: Failure): string {
  const lines = [what];
  if (command) lines.push(`  command: ${command}`);
  if (log) lines.push(`  log:     ${log}${tail?.length ? "" : " (empty)"}`);
  if (tail?.length) lines.push(...tail.map((line) => `  | ${shortened(line)}`));
  if (fix) lines.push(`  fix:     ${fix}`);
  return lines.join("\n");
}

/** Some components log whole documents in one line; the log file has them in full. */
function shortened(line: string): string {
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH - 1)}…` : line;
}

/** Formats a command for a shell. */
export function commandLine(file: string, args: readonly string[]): string {
  return [file, ...args].map(quote).join(" ");
}

/** Quotes a word if a shell would change it. execa has this only for commands that it has run. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
