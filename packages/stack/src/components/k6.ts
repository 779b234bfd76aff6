import type { Binary } from "../programs/program.ts";
import { binary } from "../programs/program.ts";

// renovate: datasource=github-releases depName=grafana/k6
const VERSION = "1.8.1";

/** The release for macOS is a .zip and names the system differently. */
const folder = (os: string, arch: string) => `k6-v${VERSION}-${os === "darwin" ? "macos" : os}-${arch}`;

/** The load generator. Not part of the running stack: `lab load` obtains it when it is first used. */
export const k6Program: Binary = binary("K6_BIN", {
  release: {
    version: VERSION,
    url: `https://github.com/grafana/k6/releases/download/v${VERSION}`,
    asset: (os, arch) => `${folder(os, arch)}.${os === "darwin" ? "zip" : "tar.gz"}`,
    checksums: () => `k6-v${VERSION}-checksums.txt`,
    member: (os, arch) => `${folder(os, arch)}/k6`,
  },
  module: {
    version: VERSION,
    folder: "k6",
    package: "go.k6.io/k6",
    ldflags: "-s -w", // without a version, which k6 has in its code
  },
});
