import { join } from "node:path";
import { certificatePaths } from "../certificates.ts";
import { HOST, httpAddress } from "../ports.ts";
import { binary, stamp } from "../programs/program.ts";
import type { Component } from "./component.ts";

// renovate: datasource=github-releases depName=grafana/loki
const VERSION = "3.7.8";

export const loki: Component = {
  name: "loki",
  serviceName: "loki",
  stage: "backend",
  program: binary("LOKI_BIN", {
    release: {
      version: VERSION,
      url: `https://github.com/grafana/loki/releases/download/v${VERSION}`,
      asset: (os, arch) => `loki-${os}-${arch}.zip`,
      checksums: () => "SHA256SUMS",
      member: (os, arch) => `loki-${os}-${arch}`,
    },
    module: {
      version: VERSION,
      folder: "loki",
      package: "github.com/grafana/loki/v3/cmd/loki",
      tags: "netgo",
      ldflags: stamp("github.com/grafana/loki/v3/pkg/util/build", VERSION, `v${VERSION}`),
    },
  }),
  ports: ["LOKI_PORT", "LOKI_GRPC_PORT"],
  scrape: { port: "LOKI_PORT", file: "stack" },
  args: ({ root }) => [`-config.file=${join(root, "loki/loki.yaml")}`, "-config.expand-env=true"],
  env: ({ data, ports, stateFolder }) => ({
    LAB_BIND: HOST,
    LOKI_PORT: `${ports.LOKI_PORT}`,
    LOKI_GRPC_PORT: `${ports.LOKI_GRPC_PORT}`,
    LOKI_DATA: data,
    ...(ports.usesTls && tlsEnv(certificatePaths(stateFolder, "loki"))),
    GOGC: "50", // 8 MB less at rest, for about 1 ms of CPU time a second
  }),
  cwd: ({ data }) => data,
  readyUrl: ({ ports }) => `${httpAddress(ports, "LOKI_PORT")}/ready`,
};

const tlsEnv = ({ cert, key }: ReturnType<typeof certificatePaths>) => ({
  LOKI_TLS_CERT_FILE: cert,
  LOKI_TLS_KEY_FILE: key,
});
