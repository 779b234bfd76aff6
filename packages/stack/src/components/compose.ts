import type { Binary } from "../programs/program.ts";
import { binary } from "../programs/program.ts";

// renovate: datasource=github-releases depName=docker/compose
const VERSION = "5.5.1";

const architecture = { amd64: "x86_64", arm64: "aarch64" } as const;
const asset = (os: string, arch: keyof typeof architecture) => `docker-compose-${os}-${architecture[arch]}`;

/**
 * A current version of Compose. Tests use it to read docker-compose.yml and to run it with any engine from 19.03 on.
 * Not part of the running stack.
 */
export const composeProgram: Binary = binary("LAB_COMPOSE", {
  release: {
    version: VERSION,
    url: `https://github.com/docker/compose/releases/download/v${VERSION}`,
    asset,
    checksums: (name) => `${name}.sha256`,
    member: asset, // the program itself, not an archive
  },
  module: {
    version: VERSION,
    folder: "compose",
    package: "github.com/docker/compose/v5/cmd",
    ldflags: `-s -w -X github.com/docker/compose/v5/internal.Version=v${VERSION}`,
  },
});
