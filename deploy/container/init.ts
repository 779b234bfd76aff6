import { randomBytes } from "node:crypto";
import { chownSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Before the first start, as root: gives volumes that no image has a folder for to those who write in them, and makes the
 * secrets, which live as long as their volume. Then it ends; nothing else runs as root.
 */
const VOLUMES = "/volumes";
/** The collector's user, by its image. */
const OTELCOL = 10_001;
/** The group that may read a secret: our services' own, and Grafana's. */
const SECRETS = { "fault-admin-token": 1000, "grafana-admin-password": 0 } as const;
const GROUP_MAY_READ = 0o640;

chownSync(join(VOLUMES, "otelcol"), OTELCOL, OTELCOL);
// Compose v2 has created all containers by now, and a new volume gets the owner of the folder that it is laid on in any.
chownSync(join(VOLUMES, "secrets"), 0, 0);
for (const [name, group] of Object.entries(SECRETS)) {
  const file = join(VOLUMES, "secrets", name);
  if (existsSync(file)) continue;
  writeFileSync(file, randomBytes(32).toString("base64url"), { mode: GROUP_MAY_READ });
  chownSync(file, 0, group);
  console.log(`made ${name}`);
}
