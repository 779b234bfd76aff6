import type { Binary } from "../components/types.ts";
import { readEnvironment } from "../env.ts";
import { LabError } from "../report/failure.ts";
import { REPOSITORY } from "../repository.ts";
import { type ResolveOptions, resolveBinary } from "./resolve.ts";
import { createSlots } from "./slots.ts";

type ToolOptions = Partial<Pick<ResolveOptions, "progress" | "signal" | "slots">>;

/**
 * The path of a program for use outside a running stack, found or built like any other. Undefined if an optional program
 * cannot be obtained.
 * @throws LabError that says what was tried and what to do.
 */
export async function findTool(
  name: string,
  binary: Binary,
  options: ToolOptions = {},
): Promise<string | undefined> {
  const { paths, cache, proxy } = readEnvironment();
  const found = await resolveBinary(name, binary, {
    paths,
    cache,
    proxy,
    root: REPOSITORY,
    slots: createSlots(1),
    signal: new AbortController().signal,
    progress: () => {},
    ...options,
  });
  return found?.path;
}

/**
 * The path of a program that must be there, such as promtool.
 * @throws LabError when it cannot be obtained.
 */
export async function resolveTool(name: string, binary: Binary, options: ToolOptions = {}): Promise<string> {
  const path = await findTool(name, binary, options);
  if (!path) throw new LabError(`Cannot obtain ${name}.`);
  return path;
}
