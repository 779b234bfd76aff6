import { join } from "node:path";
import { HOST, httpAddress } from "../ports.ts";
import { binary, stamp } from "../programs/program.ts";
import type { Component } from "./component.ts";

// renovate: datasource=github-releases depName=grafana/tempo
const RELEASED = "2.10.8";
/** The newest Tempo that can be built from its Go module alone. It cannot read the data of Tempo 2.10. */
const BUILT = "2.2.0-dev.20230524";

export const tempo: Component = {
  name: "tempo",
  serviceName: "tempo",
  stage: "backend",
  program: binary("TEMPO_BIN", {
    release: {
      version: RELEASED,
      url: `https://github.com/grafana/tempo/releases/download/v${RELEASED}`,
      asset: (os, arch) => (os === "linux" ? `tempo_${RELEASED}_${os}_${arch}.tar.gz` : undefined),
      checksums: () => "SHA256SUMS",
      member: () => "tempo",
    },
    module: {
      version: BUILT,
      folder: "tempo",
      package: ".",
      ldflags: `-checklinkname=0 ${stamp("github.com/grafana/tempo/cmd/tempo/build", BUILT, "1dc1bfe7085b")}`,
    },
  }),
  ports: ["TEMPO_PORT", "TEMPO_GRPC_PORT", "TEMPO_OTLP_PORT"],
  scrape: { port: "TEMPO_PORT", file: "stack" },
  args: ({ root }) => [`-config.file=${join(root, "tempo/tempo.yaml")}`, "-config.expand-env=true"],
  env: ({ data, ports }) => ({
    LAB_BIND: HOST,
    TEMPO_PORT: `${ports.TEMPO_PORT}`,
    TEMPO_GRPC_PORT: `${ports.TEMPO_GRPC_PORT}`,
    TEMPO_OTLP_PORT: `${ports.TEMPO_OTLP_PORT}`,
    TEMPO_DATA: data,
    PROMETHEUS_URL: httpAddress(ports, "PROMETHEUS_PORT"),
    // Tempo uses about 40 MB. Without a limit, the garbage of searches and of writing blocks reached 1 GB. The limit is
    // soft: Tempo gets more if it needs more.
    GOMEMLIMIT: "96MiB",
    GOGC: "50", // so that the garbage of each block is collected before it doubles the heap
  }),
  cwd: ({ data }) => data,
  readyUrl: ({ ports }) => `${httpAddress(ports, "TEMPO_PORT")}/ready`,
};
