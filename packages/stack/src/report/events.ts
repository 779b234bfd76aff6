/** The progress of a program that must be downloaded or built first. */
export interface Work {
  readonly kind: "download" | "build";
  /** 0 to 1. */
  readonly done: number;
}

/** Reports the progress of a long step as text and, for a program that is being obtained, as a share. */
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
