import { styleText } from "node:util";

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
