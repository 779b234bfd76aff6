import { existsSync } from "node:fs";
import { appendFile, copyFile, cp, mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { canRun, output } from "../../runner/commands.ts";
import { withProgress } from "../../runner/phases.ts";
import { install } from "../engine.ts";
import { CACHE, EXTRA_CERTIFICATES } from "../env.ts";
import { importImage } from "./import.ts";

const RELEASE = "bookworm";
const CERTIFICATES = "/etc/ssl/certs/this-machine.pem";
const NODE_USER = 1000;

/** Returns a minimal Debian with busybox. It is kept between runs; creating it takes half a minute. */
export async function debian(): Promise<string> {
  const kept = join(CACHE, `debian-${RELEASE}`);
  if (existsSync(kept)) return kept;
  if (!(await canRun("debootstrap", "--version"))) await install("debootstrap", "install debootstrap");
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "debian-"));
  const include = "--include=busybox-static,ca-certificates";
  await withProgress("building a Debian base with debootstrap", () =>
    output("debootstrap", ["--variant=minbase", include, RELEASE, folder, "http://deb.debian.org/debian"]),
  );
  for (const path of ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"])
    await rm(join(folder, path), { recursive: true, force: true });
  await rename(folder, kept);
  return kept;
}

/** Makes an image like node:24-bookworm-slim: the minimal Debian with npm and the Node that npm has installed here. */
export async function substituteForNode(image: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await output("cp", ["-a", await debian(), folder]);
  const local = join(folder, "usr/local");
  await copyFile(join(REPOSITORY, "node_modules/node/bin/node"), join(local, "bin/node"));
  const npm = join((await output("npm", ["root", "-g"])).trim(), "npm");
  await cp(npm, join(local, "lib/npm"), { recursive: true });
  for (const name of ["npm", "npx"]) await symlink(`../lib/npm/bin/${name}-cli.js`, join(local, "bin", name));
  const home = "home/node";
  await mkdir(join(folder, home));
  await appendFile(join(folder, "etc/group"), `node:x:${NODE_USER}:\n`);
  await appendFile(join(folder, "etc/passwd"), `node:x:${NODE_USER}:${NODE_USER}::/${home}:/bin/bash\n`);
  const changes = ['CMD ["node"]'];
  if (EXTRA_CERTIFICATES) {
    await copyFile(EXTRA_CERTIFICATES, join(folder, CERTIFICATES));
    changes.push(`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`);
  }
  await importImage(image, folder, { owners: { [home]: NODE_USER }, changes });
}
