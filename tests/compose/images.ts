import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "./compose.ts";
import { readComposeFile, resolved } from "./file.ts";
import { say } from "./say.ts";
import { docker, sh, use } from "./sh.ts";
import { hasStandIn, standInFor } from "./stand-ins/components.ts";
import { imageHere } from "./stand-ins/import.ts";
import { debian, standInForNode } from "./stand-ins/node.ts";

const PULL_MS = 300_000;

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
  const standIns: string[] = [];
  const skipped: string[] = [];
  let reachable = true;
  /** True when the real one is here. Once a registry could not be reached, no other is tried. */
  const have = async (image: string) => {
    if ((await imageHere(image)) === "real") return true;
    if (!reachable) return false;
    const failure = await pull(image);
    if (failure) say(`${image} cannot be pulled: ${failure}`);
    reachable = !failure;
    return reachable;
  };
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-images-"));
  try {
    const base = resolved(services.find(([, { build }]) => build)?.[1].build?.args.NODE_IMAGE ?? "");
    if (!(await have(base))) {
      if (!(await imageHere(base))) await standInForNode(base, join(folder, "node"));
      standIns.push(base);
    }
    const ours = new Set(services.flatMap(([, { build, image }]) => (build ? [image] : [])));
    for (const [name, { image }] of services) {
      if (ours.has(image) || (await have(image))) continue;
      if (!hasStandIn(name)) {
        skipped.push(name);
        continue;
      }
      await standInFor(name, image, join(await debian(), "bin/busybox"), join(folder, name));
      standIns.push(image);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (standIns.length > 0) say(`stand-ins, made of the programs of the native stack: ${standIns.join(", ")}`);
  if (skipped.length > 0)
    say(`SKIPPED, as there is no image and nothing to make one of: ${skipped.join(", ")}`);
  use({ LAB_REVISION: await revision(), LAB_CREATED: new Date().toISOString() });
  say("building our own images");
  await compose("build");
  const always = services.filter(([, { profiles }]) => !profiles).map(([name]) => name);
  return {
    services: always.filter((name) => !skipped.includes(name)),
    skipped,
    standIns,
  };
}

/** Why an image cannot be pulled, in the engine's words; nothing when it was. */
async function pull(image: string): Promise<string | undefined> {
  say(`pulling ${image}`);
  try {
    await sh("docker", ["pull", "-q", image], { timeout: PULL_MS });
    return undefined;
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error)
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
