import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authorityFile } from "../certificates.ts";
import { HOST, httpAddress } from "../ports.ts";
import { binary } from "../programs/program.ts";
import type { Component } from "./component.ts";
import { provideConfiguration } from "./configuration.ts";
import { alertInbox } from "./console.ts";

// renovate: datasource=github-releases depName=grafana/grafana
const VERSION = "12.2.0";

/** The files and folders of grafana/ that Grafana reads. */
const CONFIGURATION = ["grafana.ini", "provisioning", "dashboards"] as const;
const configurationFolder = (stateFolder: string) => join(stateFolder, "grafana");

/** Grafana has no Go module: it comes from GRAFANA_HOME or its release, or the stack runs without it. */
export const grafana: Component = {
  name: "grafana",
  serviceName: "grafana",
  stage: "backend",
  program: binary("GRAFANA_HOME", {
    release: {
      version: VERSION,
      url: "https://dl.grafana.com/oss/release",
      asset: (os, arch) => `grafana-${VERSION}.${os}-${arch}.tar.gz`,
      checksums: (asset) => `${asset}.sha256`,
      member: () => `grafana-${VERSION}/bin/grafana`,
      wholeArchive: true,
    },
    optional:
      `not installed. The console also shows the dashboards and alerts; only Grafana's Explore and its editor are missing. ` +
      `To install it, unpack Grafana ${VERSION} from https://grafana.com/grafana/download and set GRAFANA_HOME to that folder`,
  }),
  ports: ["GRAFANA_PORT"],
  scrape: { port: "GRAFANA_PORT", file: "stack" },
  args: ({ stateFolder, program }) => [
    "server",
    "--homepath",
    join(program, "../.."),
    "--config",
    join(configurationFolder(stateFolder), "grafana.ini"),
  ],
  env: ({ stateFolder, data, ports, grafanaPassword }) => ({
    GF_SERVER_HTTP_ADDR: HOST,
    GF_SERVER_HTTP_PORT: `${ports.GRAFANA_PORT}`,
    GF_PATHS_DATA: data,
    GF_PATHS_LOGS: join(data, "log"),
    GF_PATHS_PLUGINS: join(data, "plugins"),
    GF_LOG_MODE: "console",
    GF_SECURITY_ADMIN_PASSWORD: adminPassword(data, grafanaPassword),
    LAB_GRAFANA: configurationFolder(stateFolder),
    PROMETHEUS_URL: httpAddress(ports, "PROMETHEUS_PORT"),
    LOKI_URL: httpAddress(ports, "LOKI_PORT"),
    TEMPO_URL: httpAddress(ports, "TEMPO_PORT"),
    ALERTMANAGER_URL: httpAddress(ports, "ALERTMANAGER_PORT"),
    WEBHOOK_URL: alertInbox(ports),
    // For the data source of Loki, in addition to the CAs in the system's folder.
    ...(ports.usesTls && { SSL_CERT_FILE: authorityFile(stateFolder) }),
  }),
  readyUrl: ({ ports }) => `${httpAddress(ports, "GRAFANA_PORT")}/api/health`,
  prepare: ({ root, stateFolder, data, ports, grafanaPassword }) => {
    for (const name of CONFIGURATION)
      provideConfiguration(join(root, "grafana", name), join(configurationFolder(stateFolder), name), {
        console: httpAddress(ports, "CONSOLE_PORT"),
      });
    makePassword(data, grafanaPassword);
  },
};

/**
 * Returns the file with the admin's password. It is beside Grafana's database, which contains the same password,
 * because Grafana reads the file only at its first start.
 */
export const passwordFile = (data: string) => join(data, "admin-password");

/**
 * Creates a password for Grafana's admin, unless one exists or the user has set `password`. Every local user may view
 * dashboards, but only the owner of this file is admin.
 */
export function makePassword(data: string, password: string | undefined): void {
  if (password !== undefined || existsSync(passwordFile(data))) return;
  writeFileSync(passwordFile(data), randomUUID(), { mode: 0o600 });
}

/** Returns the password of Grafana's admin: `password` if the user has set it, otherwise the one in the password file. */
export function adminPassword(data: string, password: string | undefined): string {
  return password ?? readFileSync(passwordFile(data), "utf8");
}
