import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBinaries } from "@lgtm-lab/stack";
import { output } from "../runner/commands.ts";
import { setEnvironment } from "../runner/env.ts";
import { printProgress, withProgress } from "../runner/phases.ts";
import { composeBuild } from "./compose.ts";
import { docker } from "./docker.ts";
import { readComposeFile, resolved } from "./file.ts";
import { hasSubstitute, programsOf, substituteFor } from "./substitutes/components.ts";
import { imageHere } from "./substitutes/import.ts";
import { debian, substituteForNode } from "./substitutes/node.ts";

const PULL_MS = 300_000;
/** A registry's message for a missing image, which differs from an unreachable registry. */
const NO_SUCH_IMAGE = /manifest (unknown|for .* not found)|repository does not exist|: not found$/;

/** The images of the stack. */
export interface Images {
  /** Every service that has an image. */
  readonly services: readonly string[];
  /** Services that are skipped, because their image can be neither pulled nor built. */
  readonly skipped: readonly string[];
  /** Images that were built here as substitutes. */
  readonly substitutes: readonly string[];
}

/**
 * Pulls every image of docker-compose.yml; builds substitutes with the same names if this is not possible; builds ours.
 */
export async function prepareImages(): Promise<Images> {
  const services = Object.entries(readComposeFile());
  const base = resolved(services.find(([, { build }]) => build)?.[1].build?.args.NODE_IMAGE ?? "");
  const ours = new Set(services.flatMap(([, { build, image }]) => (build ? [image] : [])));
  const components = services.filter(([, { image }]) => !ours.has(image));
  const missing = await pullAll([base, ...components.map(([, { image }]) => image)]);
  const absent = components.filter(([, { image }]) => missing.has(image));
  const made = absent.filter(([name]) => hasSubstitute(name));
  const skipped = absent.map(([name]) => name).filter((name) => !hasSubstitute(name));
  const substitutes = [base, ...made.map(([, { image }]) => image)].filter((image) => missing.has(image));
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-images-"));
  try {
    if (missing.has(base) && !(await imageHere(base))) await substituteForNode(base, join(folder, "node"));
    await ensureBinaries(printProgress, { only: programsOf(made.map(([name]) => name)) });
    for (const [name, { image }] of made)
      await substituteFor(name, image, join(await debian(), "bin/busybox"), join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (substitutes.length > 0)
    printProgress(`substitutes, built from the programs of the native stack: ${substitutes.join(", ")}`);
  if (skipped.length > 0)
    printProgress(`SKIPPED, because the image can be neither pulled nor built: ${skipped.join(", ")}`);
  setEnvironment({ LAB_REVISION: await revision(), LAB_CREATED: new Date().toISOString() });
  await withProgress("building our own images", composeBuild);
  const always = services.filter(([, { profiles }]) => !profiles).map(([name]) => name);
  return {
    services: always.filter((name) => !skipped.includes(name)),
    skipped,
    substitutes,
  };
}

/**
 * Pulls the missing images, and returns those that are not available. After a registry could not be reached, does not
 * try to pull others.
 * @throws if an image does not exist in its registry, because docker-compose.yml would then fail for all users.
 */
async function pullAll(images: readonly string[]): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const image of images) {
    if ((await imageHere(image)) === "real") continue;
    const failure = missing.size > 0 ? "" : await pull(image);
    if (failure === undefined) continue;
    if (NO_SUCH_IMAGE.test(failure)) throw new Error(`Image ${image} does not exist: ${failure}`);
    if (failure) printProgress(`${image} cannot be pulled: ${failure}`);
    missing.add(image);
  }
  return missing;
}

/** Pulls an image. Returns the engine's error message, or undefined on success. */
async function pull(image: string): Promise<string | undefined> {
  try {
    await withProgress(`pulling ${image}`, () =>
      output("docker", ["pull", "-q", image], { timeout: PULL_MS }),
    );
    return undefined;
  } catch (error) {
    return String((error as { stderr?: string }).stderr || error)
      .trim()
      .split("\n")
      .at(-1);
  }
}

const revision = (): Promise<string> => output("git", ["rev-parse", "HEAD"]).catch(() => "unknown");

/** Returns the size of an image in megabytes. */
export async function megabytes(image: string): Promise<number> {
  return Number(await docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6;
}
