import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBinaries } from "@lgtm-lab/stack";
import { composeBuild } from "./compose.ts";
import { readComposeFile, resolved } from "./file.ts";
import { during, say } from "./say.ts";
import { docker, sh, use } from "./sh.ts";
import { hasStandIn, programsOf, standInFor } from "./stand-ins/components.ts";
import { imageHere } from "./stand-ins/import.ts";
import { debian, standInForNode } from "./stand-ins/node.ts";

const PULL_MS = 300_000;
/** How a registry says it, which is another thing than not being there. */
const NO_SUCH_IMAGE = /manifest (unknown|for .* not found)|repository does not exist|: not found$/;

/** What the stack runs with. */
export interface Images {
  /** Every service that has an image. */
  readonly services: readonly string[];
  /** Those that are left out, since their image can be neither pulled nor made. */
  readonly skipped: readonly string[];
  /** Images made here in the real ones' place. */
  readonly standIns: readonly string[];
}

/** Pulls every image of docker-compose.yml; makes stand-ins under the same names where that cannot be done; builds ours. */
export async function prepareImages(): Promise<Images> {
  const services = Object.entries(readComposeFile());
  const base = resolved(services.find(([, { build }]) => build)?.[1].build?.args.NODE_IMAGE ?? "");
  const ours = new Set(services.flatMap(([, { build, image }]) => (build ? [image] : [])));
  const components = services.filter(([, { image }]) => !ours.has(image));
  const missing = await pullAll([base, ...components.map(([, { image }]) => image)]);
  const absent = components.filter(([, { image }]) => missing.has(image));
  const made = absent.filter(([name]) => hasStandIn(name));
  const skipped = absent.map(([name]) => name).filter((name) => !hasStandIn(name));
  const standIns = [base, ...made.map(([, { image }]) => image)].filter((image) => missing.has(image));
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-images-"));
  try {
    if (missing.has(base) && !(await imageHere(base))) await standInForNode(base, join(folder, "node"));
    await ensureBinaries(say, { only: programsOf(made.map(([name]) => name)) });
    for (const [name, { image }] of made)
      await standInFor(name, image, join(await debian(), "bin/busybox"), join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (standIns.length > 0) say(`stand-ins, made of the programs of the native stack: ${standIns.join(", ")}`);
  if (skipped.length > 0)
    say(`SKIPPED, as there is no image and nothing to make one of: ${skipped.join(", ")}`);
  use({ LAB_REVISION: await revision(), LAB_CREATED: new Date().toISOString() });
  await during("building our own images", composeBuild);
  const always = services.filter(([, { profiles }]) => !profiles).map(([name]) => name);
  return {
    services: always.filter((name) => !skipped.includes(name)),
    skipped,
    standIns,
  };
}

/**
 * Pulls the images that are not here yet, and gives those that cannot be had. Once a registry could not be reached, no other
 * image is tried.
 * @throws when a registry answers that there is no such image: then docker-compose.yml would fail everybody.
 */
async function pullAll(images: readonly string[]): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const image of images) {
    if ((await imageHere(image)) === "real") continue;
    const failure = missing.size > 0 ? "" : await pull(image);
    if (failure === undefined) continue;
    if (NO_SUCH_IMAGE.test(failure)) throw new Error(`There is no image ${image}: ${failure}`);
    if (failure) say(`${image} cannot be pulled: ${failure}`);
    missing.add(image);
  }
  return missing;
}

/** Why an image cannot be pulled, in the engine's words; nothing when it was. */
async function pull(image: string): Promise<string | undefined> {
  try {
    await during(`pulling ${image}`, () => sh("docker", ["pull", "-q", image], { timeout: PULL_MS }));
    return undefined;
  } catch (error) {
    return String((error as { stderr?: string }).stderr || error)
      .trim()
      .split("\n")
      .at(-1);
  }
}

const revision = (): Promise<string> => sh("git", ["rev-parse", "HEAD"]).catch(() => "unknown");

/** The size of an image in megabytes. */
export async function megabytes(image: string): Promise<number> {
  return Number(await docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6;
}
