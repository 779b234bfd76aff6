/** How far a program is that has to be downloaded or built first. */
export interface Work {
  readonly kind: "download" | "build";
  /** 0 to 1. */
  readonly done: number;
}

/** Tells of what takes long, in words and, where a program is being obtained, in numbers. */
export type Progress = (text: string, work?: Work) => void;

/** What the stack tells while it starts, runs and stops. Plain data: a detached supervisor sends it over IPC. */
export type StackEvent =
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "progress"; readonly component: string; readonly text: string; readonly work?: Work }
  | { readonly type: "ready"; readonly component: string; readonly seconds: number; readonly detail: string }
  | { readonly type: "skipped"; readonly component: string; readonly text: string }
  | { readonly type: "failed"; readonly component: string; readonly message: string }
  | { readonly type: "died"; readonly component: string; readonly message: string }
  | { readonly type: "stopped"; readonly component: string; readonly text: string };

export type Report = (event: StackEvent) => void;
