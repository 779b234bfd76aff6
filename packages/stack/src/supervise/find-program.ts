import type { Component } from "../components/types.ts";
import type { Progress, Work } from "../report/events.ts";
import { messageOf } from "../report/failure.ts";
import { type Resolved, resolveBinary } from "../resolve/resolve.ts";
import type { Scene } from "./scene.ts";

/**
 * A component's program: the Node that runs the lab for our own, otherwise a binary that may have to be got first.
 * @param helper receives the pid of a long-running helper process, and undefined when that has ended.
 * @returns undefined if an optional program cannot be obtained.
 */
export async function findProgram(
  { name, program, build }: Component,
  { environment, report, ...scene }: Scene,
  helper: (pid: number | undefined) => void,
): Promise<Resolved | undefined> {
  const { cache, paths, proxy } = environment;
  let obtained: Work | undefined;
  const progress: Progress = (text, work) => {
    obtained = work ?? obtained;
    report({ type: "progress", component: name, text, ...(work && { work }) });
  };
  const tellObtained = () => {
    if (obtained) progress("starting", { ...obtained, done: 1 });
  };
  if (program.kind === "binary") {
    const found = await resolveBinary(name, program, { ...scene, paths, cache, proxy, progress, helper });
    if (found) tellObtained();
    return found;
  }
  await build?.({ ...scene, cache, progress, helper }).catch((error: unknown) => {
    scene.signal.throwIfAborted();
    report({ type: "note", text: messageOf(error) });
  });
  tellObtained();
  return { path: process.execPath, version: program.version, source: "repository" };
}
