import type { StackEvent, WorkProgress } from "./events.ts";

/**
 * Build times in seconds, measured in a cold start with two builds at a time on two cores (1,194 s in total). The
 * measured speed of the current run scales them.
 */
const BUILD_SECONDS: Readonly<Record<string, number>> = {
  loki: 460,
  prometheus: 310,
  tempo: 195,
  otelcol: 155,
  compose: 120,
  k6: 120,
  promtool: 60,
  alertmanager: 50,
  console: 20,
  node_exporter: 20,
};
const OTHER_SECONDS = 120;
const DOWNLOAD_SECONDS = 15;
/** For this time the table has more weight than the measured speed of the run; seconds. */
const WARM_UP_SECONDS = 60;

/** The progress of the programs that a start must download or build. */
interface ProgramProgress {
  readonly handle: (event: StackEvent) => void;
  /** The programs that are not available yet. */
  readonly missing: () => readonly string[];
  /** The same as text: `still building: loki, tempo`. */
  readonly stillMissing: () => string;
  /** One line: the number of ready programs, the state of the others, an estimate. Undefined if none is missing. */
  readonly text: () => string | undefined;
}

/** Follows the events of one start. */
export function createProgramProgress(now = () => Date.now()): ProgramProgress {
  const programs = new Map<string, WorkProgress>();
  let began: number | undefined;
  const missing = () => [...programs].filter(([, { done }]) => done < 1).map(([name]) => name);
  const weight = (name: string, { kind }: WorkProgress) =>
    kind === "download" ? DOWNLOAD_SECONDS : (BUILD_SECONDS[name] ?? OTHER_SECONDS);

  /** Estimated seconds until all programs are available: the table, scaled by the speed of this run. */
  function left(): number {
    let [all, done] = [0, 0];
    for (const [name, program] of programs) {
      all += weight(name, program);
      done += weight(name, program) * program.done;
    }
    const elapsed = (now() - (began ?? now())) / 1000;
    return ((all - done) * (elapsed + WARM_UP_SECONDS)) / (done + WARM_UP_SECONDS);
  }

  return {
    handle: (event) => {
      if (event.type === "progress" && event.work) {
        began ??= now();
        programs.set(event.component, event.work);
      }
      const finished = event.type === "ready" || event.type === "failed" || event.type === "skipped";
      const program = finished ? programs.get(event.component) : undefined;
      if (finished && program) programs.set(event.component, { ...program, done: 1 });
    },
    missing,
    stillMissing: () => {
      const building = missing().some((name) => programs.get(name)?.kind === "build");
      return `still ${building ? "building" : "downloading"}: ${missing().join(", ")}`;
    },
    text: () => {
      const names = missing();
      if (names.length === 0) return undefined;
      const states = names.map((name) => `${name} ${stateOf(programs.get(name))}`);
      const ready = programs.size - names.length;
      return `Programs: ${ready} of ${programs.size} ready; ${states.join(", ")}; ${aboutLeft(left())}`;
    },
  };
}

function stateOf(program: WorkProgress | undefined): string {
  if (!program || program.done === 0) return "waiting";
  return `${Math.floor(program.done * 100)} % ${program.kind === "build" ? "built" : "downloaded"}`;
}

function aboutLeft(seconds: number): string {
  return seconds < 60 ? "less than a minute left" : `about ${Math.round(seconds / 60)} min left`;
}
