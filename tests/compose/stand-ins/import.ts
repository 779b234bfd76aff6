import { chown, rm } from "node:fs/promises";
import { join } from "node:path";
import { output } from "../../runner/commands.ts";
import { docker } from "../docker.ts";

/** Marks an image as a substitute, so that it is never mistaken for the real one. */
const STAND_IN = "lgtm-lab.stand-in";

/** Makes an image of one layer from a folder. */
export async function importImage(
  image: string,
  folder: string,
  { owners = {}, changes = [] }: { owners?: Readonly<Record<string, number>>; changes?: readonly string[] },
): Promise<void> {
  for (const [path, owner] of Object.entries(owners)) await chown(join(folder, path), owner, owner);
  const all = [...changes, `LABEL ${STAND_IN}=true`].flatMap((change) => ["--change", change]);
  const archive = `${folder}.tar`;
  await output("tar", ["-C", folder, "--numeric-owner", "-cf", archive, "."]);
  await docker("import", ...all, archive, image);
  await rm(archive);
}

/** Returns whether an image exists here, and whether it is a substitute. */
export async function imageHere(image: string): Promise<"real" | "stand-in" | undefined> {
  const format = `{{index .Config.Labels "${STAND_IN}"}}`;
  const label = await docker("image", "inspect", "--format", format, image).catch(() => undefined);
  if (label === undefined) return undefined;
  return label === "true" ? "stand-in" : "real";
}
