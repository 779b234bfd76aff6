import type { Component } from "../components/types.ts";
import { tailOf } from "../logs/log-file.ts";
import { waitUntilReady } from "../ready/wait.ts";
import { failureMessage, LabError } from "../report/failure.ts";
import type { Resolved } from "../resolve/resolve.ts";
import { commandOf } from "../spawn/command-of.ts";
import { type RunningProcess, spawnProcess } from "../spawn/spawn.ts";
import type { Scene } from "./scene.ts";

const DEADLINE_MS = 60_000;
const TAIL_LINES = 15;

/**
 * Starts a component's process and waits until it is ready.
 * @param started is called as soon as there is a process.
 * @returns the seconds that took.
 * @throws LabError when it dies first, or is not ready in time: with the command and the end of its log.
 */
export async function launch(
  component: Component,
  program: Resolved,
  scene: Scene,
  started: (child: RunningProcess) => void,
): Promise<number> {
  const { name, whole, deadlineMs = DEADLINE_MS } = component;
  const { ports, signal } = scene;
  signal.throwIfAborted();
  const url = component.readyUrl?.({ ports });
  const child = spawnProcess(commandOf(component, program, scene));
  started(child);
  const outcome = await waitUntilReady(child, { url, whole, deadlineMs, signal });
  switch (outcome.type) {
    case "ready":
      return (Date.now() - child.startedAt) / 1000;
    case "died":
      throw failureOf(
        child,
        `${name} died before it was ready: ${outcome.how} after ${seconds(outcome.ranMs)}.`,
        program,
      );
    case "late":
      throw failureOf(
        child,
        `${name} was not ready after ${seconds(deadlineMs)}: ${url} → ${outcome.lastAnswer}`,
      );
  }
}

/**
 * What happened to a process, its command, and the end of what it wrote. A program of the cache that died at its start
 * without a word is most likely damaged.
 */
export function failureOf(
  { command, log, logOffset }: RunningProcess,
  what: string,
  program?: Resolved,
): LabError {
  const tail = tailOf(log, TAIL_LINES, logOffset);
  const damaged = program?.source === "cache" && tail.length === 0;
  const fix = damaged
    ? `the file may be damaged: rm '${program.path}', then start again to download or build it`
    : undefined;
  return new LabError(failureMessage({ what, command, log, tail, fix }));
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
