import { join } from "node:path";
import { certificatePaths } from "../certificates.ts";
import { HOST, httpAddress } from "../ports.ts";
import { binary } from "../programs/program.ts";
import type { Component } from "./component.ts";

// renovate: datasource=github-releases depName=open-telemetry/opentelemetry-collector-releases
const VERSION = "0.156.0";

export const otelcol: Component = {
  name: "otelcol",
  serviceName: "otelcol",
  stage: "collector",
  program: binary("OTELCOL_BIN", {
    release: {
      version: VERSION,
      url: `https://github.com/open-telemetry/opentelemetry-collector-releases/releases/download/v${VERSION}`,
      asset: (os, arch) => `otelcol-contrib_${VERSION}_${os}_${arch}.tar.gz`,
      checksums: () => "opentelemetry-collector-releases_otelcol-contrib_checksums.txt",
      member: () => "otelcol-contrib",
    },
    module: { version: VERSION, folder: "otelcol", package: ".", ldflags: "-s -w" },
  }),
  ports: ["OTELCOL_GRPC_PORT", "OTELCOL_HTTP_PORT", "OTELCOL_HEALTH_PORT", "OTELCOL_METRICS_PORT"],
  scrape: { port: "OTELCOL_METRICS_PORT", file: "stack" },
  args: ({ root, ports }) =>
    ["otel-collector.yaml", ...(ports.usesTls ? ["otel-collector-tls.yaml"] : [])].map(
      (file) => `--config=${join(root, file)}`,
    ),
  env: ({ data, ports, stateFolder }) => ({
    LAB_BIND: HOST,
    OTELCOL_GRPC_PORT: `${ports.OTELCOL_GRPC_PORT}`,
    OTELCOL_HTTP_PORT: `${ports.OTELCOL_HTTP_PORT}`,
    OTELCOL_HEALTH_PORT: `${ports.OTELCOL_HEALTH_PORT}`,
    OTELCOL_METRICS_PORT: `${ports.OTELCOL_METRICS_PORT}`,
    OTELCOL_DATA: data,
    TEMPO_OTLP_ENDPOINT: `${HOST}:${ports.TEMPO_OTLP_PORT}`,
    PROMETHEUS_URL: httpAddress(ports, "PROMETHEUS_PORT"),
    LOKI_URL: httpAddress(ports, "LOKI_PORT"),
    ...(ports.usesTls && tlsEnv(certificatePaths(stateFolder, "otelcol"))),
  }),
  cwd: ({ data }) => data,
  readyUrl: ({ ports }) => `${httpAddress(ports, "OTELCOL_HEALTH_PORT")}/`,
};

const tlsEnv = ({ cert, key, ca }: ReturnType<typeof certificatePaths>) => ({
  OTELCOL_TLS_CERT_FILE: cert,
  OTELCOL_TLS_KEY_FILE: key,
  OTELCOL_TLS_CA_FILE: ca,
});
