import type { LimitFunction } from "p-limit";
import type { ProxySettings } from "../env.ts";
import { LabError, type Progress } from "../terminal/messages.ts";

export type Source = "path" | "cache" | "release" | "built" | "repository";

export interface Resolved {
  readonly path: string;
  readonly version: string;
  readonly source: Source;
}

/** The number of concurrent builds in one start. */
export const BUILDS_AT_ONCE = 2;

export interface ResolveOptions {
  /** Variables such as TEMPO_BIN that were set. */
  readonly paths: Readonly<Record<string, string>>;
  readonly cache: string;
  /** The proxies for downloads; without one, downloads are direct. */
  readonly proxy?: ProxySettings;
  /** The clone, which contains `tools/go`. */
  readonly root: string;
  readonly signal: AbortSignal;
  /** Limits the number of concurrent `go build` processes. */
  readonly buildSlots: LimitFunction;
  readonly progress: Progress;
  /**
   * Called with the pid of a long-running helper process, so that it can be stopped if the lab is killed, and with
   * undefined when that process has ended.
   */
  readonly onHelperProcess?: (pid: number | undefined) => void;
}

export type Os = "linux" | "darwin";

export type Arch = "amd64" | "arm64";

/**
 * An official release: one archive (or bare program) for each platform, and the file that lists the archives' SHA-256.
 */
export interface Release {
  readonly version: string;
  /** The folder that contains the archives and the checksum file. */
  readonly url: string;
  /** The archive's file name (.tar.gz or .zip), or undefined if the project publishes none for the platform. */
  readonly asset: (os: Os, arch: Arch) => string | undefined;
  readonly checksums: (asset: string) => string;
  /** The path of the program inside the archive; the asset's own name if the asset is the program. */
  readonly member: (os: Os, arch: Arch) => string;
  /** Keep the whole archive rather than the one program (Grafana needs its `public/` and `conf/`). */
  readonly wholeArchive?: boolean;
}

/** A program built from Go modules, pinned by `tools/go/<folder>/go.mod` and `go.sum`. */
export interface GoModule {
  readonly version: string;
  readonly folder: string;
  readonly package: string;
  readonly tags?: string;
  readonly ldflags: string;
}

export interface Binary {
  readonly kind: "binary";
  /** The variable with the path of the program, such as `TEMPO_BIN`. */
  readonly variable: string;
  readonly release?: Release;
  readonly module?: GoModule;
  /** The stack can run without this program. The text explains where to get it and what is missing without it. */
  readonly optional?: string;
}

/** Returns the file names of all releases of the Prometheus project. */
export function prometheusRelease(project: string, version: string, member = project): Release {
  return {
    version,
    url: `https://github.com/prometheus/${project}/releases/download/v${version}`,
    asset: (os, arch) => `${project}-${version}.${os}-${arch}.tar.gz`,
    checksums: () => "sha256sums.txt",
    member: (os, arch) => `${project}-${version}.${os}-${arch}/${member}`,
  };
}

/** `-ldflags` that stamp a version into a program, whose `--version` would otherwise be empty. */
export function stamp(variables: string, version: string, revision: string): string {
  return ["-s", "-w", `-X ${variables}.Version=${version}`, `-X ${variables}.Revision=${revision}`].join(" ");
}

export const PROMETHEUS_STAMP = "github.com/prometheus/common/version";

/** Returns a component's program: a path in `variable`, a release, or a build from Go modules. */
export function binary(
  variable: string,
  sources: { release?: Release; module?: GoModule; optional?: string },
): Binary {
  return { kind: "binary", variable, ...sources };
}

const ARCHITECTURES: Readonly<Record<string, Arch>> = { x64: "amd64", arm64: "arm64" };

/**
 * Returns the platform of this machine in Go's terms, which releases use too.
 * @throws LabError on platforms other than Linux and macOS, amd64 and arm64.
 */
export function platform(): { os: Os; arch: Arch } {
  const arch = ARCHITECTURES[process.arch];
  if ((process.platform === "linux" || process.platform === "darwin") && arch)
    return { os: process.platform, arch };
  throw new LabError(
    `The lab runs on Linux and macOS (amd64, arm64), not on ${process.platform} ${process.arch}.`,
  );
}
