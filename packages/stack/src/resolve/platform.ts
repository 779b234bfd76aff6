import type { Arch, Os } from "../components/types.ts";
import { LabError } from "../report/failure.ts";

const ARCHITECTURES: Readonly<Record<string, Arch>> = { x64: "amd64", arm64: "arm64" };

/**
 * This machine in Go's words, which releases use too.
 * @throws LabError elsewhere than on Linux and macOS, amd64 and arm64.
 */
export function platform(): { os: Os; arch: Arch } {
  const arch = ARCHITECTURES[process.arch];
  if ((process.platform === "linux" || process.platform === "darwin") && arch)
    return { os: process.platform, arch };
  throw new LabError(
    `The lab runs on Linux and macOS (amd64, arm64), not on ${process.platform} ${process.arch}.`,
  );
}
