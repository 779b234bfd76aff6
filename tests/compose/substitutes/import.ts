import { chown, rm } from "node:fs/promises";
import { join } from "node:path";
import { output } from "../../runner/commands.ts";
import { docker } from "../docker.ts";

/**
 * Marks an image as a substitute, so that it is never mistaken for the real one. It has its old name, because images of
 * earlier runs have this label.
 */
const SUBSTITUTE_LABEL = "lgtm-lab.stand-in";

/** Makes an image of one layer from a folder. */
export async function importImage(
  image: string,
  folder: string,
  { owners = {}, changes = [] }: { owners?: Readonly<Record<string, number>>; changes?: readonly string[] },
): Promise<void> {
  for (const [path, owner] of Object.entries(owners)) await chown(join(folder, path), owner, owner);
  const all = [...changes, `LABEL ${SUBSTITUTE_LABEL}=true`].flatMap((change) => ["--change", change]);
  const archive = `${folder}.tar`;
  await output("tar", ["-C", folder, "--numeric-owner", "-cf", archive, "."]);
  await docker("import", ...all, archive, image);
  await rm(archive);
}

/** Returns whether an image exists here, and whether it is a substitute. */
export async function imageHere(image: string): Promise<"real" | "substitute" | undefined> {
  const format = `{{index .Config.Labels "${SUBSTITUTE_LABEL}"}}`;
  const label = await docker("image", "inspect", "--format", format, image).catch(() => undefined);
  if (label === undefined) return undefined;
  return label === "true" ? "substitute" : "real";
}
