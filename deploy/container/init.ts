import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideConfiguration, replaceFile } from "../../packages/stack/src/components/configuration.ts";
import { CERTIFICATES, consoleUrl, SERVICE_USER, scrapeTargets, TLS, USERS, VOLUMES } from "./env.ts";

/**
 * Runs as root at each `docker compose up`, before all other containers: sets the owners of volumes, generates the
 * secrets, which are kept as long as their volume, provides the configuration files of the clone, and writes
 * Prometheus's target lists of the programs that TLS changes.
 */
/** The mount point of the clone's files, with a folder for each component; the paths are the same in the component. */
const CLONE = "/clone";
/** The groups that may read the secrets: the group of our services, and Grafana's. */
const SECRETS = { "fault-admin-token": 1000, "grafana-admin-password": 0 } as const;
const GROUP_MAY_READ = 0o640;
const ALL_MAY_READ = 0o644;
/** The target lists beside prometheus.yml, and the folder of the one that the container `probe` keeps up to date. */
const [SERVICE_LIST, STACK_LIST] = ["services.json", "stack.json"];
const INSTANCES = "instances";
/** Only docker-compose.tls.yml mounts these volumes. */
const tls = existsSync(TLS);

chownSync(join(VOLUMES, "otelcol"), USERS.otelcol, USERS.otelcol);
// Compose v2 has created all containers by now, and a new volume gets the owner of the folder at which any of them
// mounts it.
for (const name of ["secrets", "configuration"]) chownSync(join(VOLUMES, name), 0, 0);
if (tls)
  for (const folder of [CERTIFICATES, ...readdirSync(TLS).map((name) => join(TLS, name))])
    chownSync(folder, SERVICE_USER, SERVICE_USER);
for (const [name, group] of Object.entries(SECRETS)) {
  const file = join(VOLUMES, "secrets", name);
  if (existsSync(file)) continue;
  writeFileSync(file, randomBytes(32).toString("base64url"), { mode: GROUP_MAY_READ });
  chownSync(file, 0, group);
  console.log(`created ${name}`);
}
try {
  for (const [component, user] of Object.entries(USERS)) provide(component, user);
  const folder = join(VOLUMES, "configuration/prometheus");
  const write = (file: string, targets: unknown) =>
    replaceFile(file, JSON.stringify(targets, undefined, 2), { mode: ALL_MAY_READ });
  const targets = scrapeTargets({ tls });
  write(join(folder, SERVICE_LIST), targets.services);
  write(join(folder, STACK_LIST), targets.stack);
  mkdirSync(join(folder, INSTANCES), { recursive: true });
  chownSync(join(folder, INSTANCES), SERVICE_USER, SERVICE_USER);
  const instanceList = join(folder, INSTANCES, SERVICE_LIST);
  if (!existsSync(instanceList)) write(instanceList, targets.instances);
} catch (error) {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") throw error;
  console.error(
    `Cannot read ${path}, a file of your clone (${code}). The container engine does not allow root in a container to read it. ` +
      'In the clone run "chmod -R go+rX ." (with SELinux also "chcon -R -t container_file_t ."), then "docker compose up" again.',
  );
  process.exit(1);
}

function provide(component: string, user: number): void {
  const [from, to] = [join(CLONE, component), join(VOLUMES, "configuration", component)];
  const names = readdirSync(from);
  mkdirSync(to, { recursive: true });
  const reader = { console: consoleUrl, user };
  for (const name of names) provideConfiguration(join(from, name), join(to, name), reader);
  for (const name of readdirSync(to))
    if (![...names, SERVICE_LIST, STACK_LIST, INSTANCES].includes(name))
      rmSync(join(to, name), { recursive: true });
}
