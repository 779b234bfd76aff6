import type { Binary, GoModule, Release } from "./types.ts";

/** The names under which the Prometheus project publishes everything it releases. */
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

/** A component's program: by hand through `variable`, from a release, or from Go modules. */
export function binary(
  variable: string,
  sources: { release?: Release; module?: GoModule; optional?: string },
): Binary {
  return { kind: "binary", variable, ...sources };
}
