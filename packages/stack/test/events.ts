import type { StackEvent } from "../src/terminal/messages.ts";

/** Returns the event of a component whose program is being built; `done` is 0 to 1. */
export const building = (component: string, done: number): StackEvent => ({
  type: "progress",
  component,
  text: `compiling ${Math.round(done * 100)}/100 Go packages`,
  work: { kind: "build", done },
});

/** Returns the event of a component that is ready. */
export const ready = (component: string): StackEvent => ({
  type: "ready",
  component,
  seconds: 1,
  detail: "",
});
