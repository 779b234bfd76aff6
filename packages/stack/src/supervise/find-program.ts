import type { Component } from "../components/types.ts";
import { messageOf } from "../report/failure.ts";
import { type Resolved, resolveBinary } from "../resolve/resolve.ts";
import type { Scene } from "./scene.ts";

/**
 * A component's program: the Node that runs the lab for our own, otherwise a binary that may have to be got first.
 * @param helper is told the pid of whatever runs for long on the way, and nothing once it is over.
 * @returns nothing when an optional program is not to be had.
 */
export async function findProgram(
  { name, program, build }: Component,
  { environment, report, ...scene }: Scene,
  helper: (pid: number | undefined) => void,
): Promise<Resolved | undefined> {
  const { cache, paths, proxy } = environment;
  const progress = (text: string) => report({ type: "progress", component: name, text });
  if (program.kind === "binary")
    return await resolveBinary(name, program, { ...scene, paths, cache, proxy, progress, helper });
  await build?.({ ...scene, cache, progress, helper }).catch((error: unknown) => {
    scene.signal.throwIfAborted();
    report({ type: "note", text: messageOf(error) });
  });
  return { path: process.execPath, version: program.version, source: "repository" };
}
