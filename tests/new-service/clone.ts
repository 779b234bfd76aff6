import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import { parseMemoryLimit, readComposeFile } from "../compose/file.ts";
import { copyWorkingTree, workspaceFolders } from "../runner/working-tree.ts";

/** A temporary clone of the working tree, in which a test adds a service as CONTRIBUTING.md describes. */
export interface Clone {
  readonly folder: string;
  readonly remove: () => void;
  readonly edit: (file: string, change: (text: string) => string) => void;
  /** The files outside a folder that differ from the original. */
  readonly changedOutside: (folder: string) => Promise<string[]>;
  /** Runs the pinned Node in the clone. */
  readonly node: (...args: string[]) => Promise<{ exitCode: number | undefined; output: string }>;
}

/** Creates a clone. Call {@link install} before you run its code. */
export async function cloneRepository(): Promise<Clone> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "lgtm-lab-new-service-")));
  await copyWorkingTree(folder);
  const node = async (...args: string[]) => {
    // With NODE_TEST_CONTEXT, the clone's tests would not run, because they are started by a test.
    const env = { NODE_TEST_CONTEXT: undefined, NO_COLOR: "1" };
    const options = { cwd: folder, all: true, env, reject: false, preferLocal: true } as const;
    const { exitCode, all } = await execa("node", args, options);
    return { exitCode, output: all };
  };
  return {
    folder,
    node,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    edit(file, change) {
      const path = join(folder, file);
      const text = readFileSync(path, "utf8");
      const changed = change(text);
      if (changed === text) throw new Error(`${file} has not changed.`);
      writeFileSync(path, changed);
    },
    async changedOutside(own) {
      const { stdout } = await execa("git", ["status", "--porcelain", "--untracked-files=all"], {
        cwd: folder,
      });
      const files = stdout.split("\n").map((line) => line.slice(3));
      return files.filter((file) => file !== "" && !file.startsWith(`${own}/`)).sort();
    },
  };
}

/** Installs the packages of a clone as links: to this repository's packages, and to the clone's workspaces. */
export async function install({ folder }: Clone): Promise<void> {
  // npm updates the lock file, as it does for a contributor.
  const lock = ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--offline"];
  await execa("npm", lock, { cwd: folder });
  linkPackages(folder, ".");
  for (const workspace of workspaceFolders(folder)) {
    const link = join(folder, "node_modules/@lgtm-lab", basename(workspace));
    symlinkSync(relative(dirname(link), join(folder, workspace)), link);
    linkPackages(folder, workspace); // packages that the root has in another version
  }
}

/** Links the installed packages of a folder of the repository, except our own, into the same folder of the clone. */
function linkPackages(clone: string, folder: string): void {
  const [from, to] = [join(REPOSITORY, folder, "node_modules"), join(clone, folder, "node_modules")];
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from))
    if (name === "@lgtm-lab") mkdirSync(join(to, name));
    else symlinkSync(join(from, name), join(to, name));
}

/** The new service: a copy of service A. */
export const NAME = "service-c";
export const FOLDER = `apps/${NAME}`;

/** Adds the new service's `mem_limit` to the documented sum of all limits. */
const withItsLimit = (sum: string) =>
  `${Number(sum) + parseMemoryLimit(readComposeFile()["service-b"]?.mem_limit ?? "")}`;

/** The steps of CONTRIBUTING.md, section "Add a service". */
export const STEPS = {
  folder({ folder }: Clone) {
    cpSync(join(folder, "apps/service-a"), join(folder, FOLDER), { recursive: true });
    for (const file of readdirSync(join(folder, FOLDER), { recursive: true, encoding: "utf8" })) {
      if (!/\.(ts|json)$/.test(file)) continue;
      const path = join(folder, FOLDER, file);
      writeFileSync(path, readFileSync(path, "utf8").replace(/\b(service|slow|errors)-a\b/g, "$1-c"));
    }
  },

  registry({ edit }: Clone) {
    edit("packages/contracts/src/services.ts", (text) =>
      text.replace(
        "} as const satisfies",
        `  "${NAME}": {
    role: "service",
    app: "${NAME}",
    ports: {
      http: { variable: "SERVICE_C_HTTP_PORT", port: 50_063 },
      grpc: { variable: "SERVICE_C_GRPC_PORT", port: 50_053 },
      faultAdmin: { variable: "FAULT_ADMIN_C_PORT", port: 9904 },
    },
    route: "/a/hello",
    sample: "/a/hello?name=Ana",
    behindGateways: false,
  },
} as const satisfies`,
      ),
    );
  },

  compose({ edit }: Clone) {
    edit("docker-compose.yml", (text) => {
      const [block = ""] = /^ {2}service-b:\n(?: {4,}.*\n)+/m.exec(text) ?? [];
      const copy = block
        .replaceAll("service-b", NAME)
        .replaceAll("SERVICE_B", "SERVICE_C")
        .replaceAll(/\b(500[56])2\b/g, "$13")
        .replaceAll("9903", "9904");
      return text
        .replace(block, `${block}\n${copy}`)
        .replace("gateway-rest,service-a,service-b,", `$&${NAME},`)
        .replace(/^( +)FAULT_ADMIN_B_URL: .*\n/m, `$&$1FAULT_ADMIN_C_URL: http://${NAME}:9904\n`)
        .replace(/(?<=all memory limits is )\d+(?= MiB)/, withItsLimit);
    });
  },

  composeTls({ edit }: Clone) {
    edit("docker-compose.tls.yml", (text) => {
      const [block = ""] = /^ {2}service-b:\n(?: {4,}.*\n)+/m.exec(text) ?? [];
      const asNew = (part: string) => part.replaceAll("service-b", NAME);
      return text
        .replace(block, `${block}\n${asNew(block)}`)
        .replace(/^ +(- )?tls-service-b:(\/volumes.*)?\n/gm, (line) => line + asNew(line));
    });
  },

  kubernetes({ folder, edit }: Clone) {
    const base = "deploy/kubernetes/base";
    const asNew = (text: string) =>
      text
        .replaceAll("service-b", NAME)
        .replaceAll(/\b(500[56])2\b/g, "$13")
        .replaceAll("9903", "9904");
    const original = readFileSync(join(folder, base, "pspd/service-b.yaml"), "utf8");
    writeFileSync(join(folder, base, `pspd/${NAME}.yaml`), asNew(original));
    edit(`${base}/pspd/kustomization.yaml`, (text) =>
      text.replace(/^ +- service-b\.yaml\n/m, `$&  - ${NAME}.yaml\n`),
    );
    edit(`${base}/pspd/network-policies.yaml`, (text) => {
      const policy = text.split("---\n").find((each) => /^ {2}name: service-b$/m.test(each)) ?? "";
      return `${text}---\n${asNew(policy)}`;
    });
    edit(`${base}/observability/network-policies.yaml`, (text) =>
      text.replace(
        /^ +- namespaceSelector: .*\n.*name: service-b\b.*\n.*9903.*\n/m,
        (to) => `${to}    - to:\n${asNew(to)}`,
      ),
    );
    edit(`${base}/observability/console.yaml`, (text) =>
      text.replace(/^.*FAULT_ADMIN_B_URL.*\n/m, (line) => `${line}${asNew(line).replace("_B_", "_C_")}`),
    );
  },

  readme({ edit }: Clone) {
    const row = `| service C: gRPC · REST, metrics, health | :50053 · http://127.0.0.1:50063 | \`SERVICE_C_GRPC_PORT\`, \`SERVICE_C_HTTP_PORT\` |\n`;
    edit("README.md", (text) =>
      text
        .replace(/^\| service B: .*\n/m, `$&${row}`)
        .replace(" · :9903 |", " · :9903 · :9904 |")
        .replace("`FAULT_ADMIN_B_PORT`", "$&, `FAULT_ADMIN_C_PORT`")
        .replace(/(?<=at most )\d+(?= MiB of memory)/, withItsLimit),
    );
  },
} as const satisfies Record<string, (clone: Clone) => void>;
