import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { COMPONENTS, findTool, promtool } from "@lgtm-lab/stack";
import { importImage } from "./import.ts";

/** The properties of the real image that matter for docker-compose.yml. */
interface Real {
  /** The folder of its programs. */
  readonly programs: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  /**
   * Its folders with their owners. A new volume that is mounted there gets this owner. The collector's image has no
   * folders.
   */
  readonly folders: Readonly<Record<string, number>>;
  /** Images of the Prometheus project contain busybox, the others only their program. */
  readonly busybox?: boolean;
}

const NOBODY = 65_534;
const GRAFANA_LABS = 10_001;

/** The real images by component, according to the Dockerfiles of the projects. */
const REAL: Readonly<Record<string, Real>> = {
  otelcol: { programs: { otelcol: "/otelcol-contrib" }, user: "10001", workdir: "/", folders: {} },
  tempo: {
    programs: { tempo: "/tempo" },
    user: "10001:10001",
    workdir: "/",
    folders: { "/var/tempo": GRAFANA_LABS },
  },
  loki: {
    programs: { loki: "/usr/bin/loki" },
    user: "10001",
    workdir: "/",
    folders: { "/loki": GRAFANA_LABS, "/etc/loki": GRAFANA_LABS },
  },
  prometheus: {
    programs: { prometheus: "/bin/prometheus", promtool: "/bin/promtool" },
    user: "nobody",
    workdir: "/prometheus",
    folders: { "/prometheus": NOBODY, "/etc/prometheus": NOBODY },
    busybox: true,
  },
  alertmanager: {
    programs: { alertmanager: "/bin/alertmanager" },
    user: "nobody",
    workdir: "/alertmanager",
    folders: { "/alertmanager": NOBODY, "/etc/alertmanager": NOBODY },
    busybox: true,
  },
  node_exporter: {
    programs: { node_exporter: "/bin/node_exporter" },
    user: "nobody",
    workdir: "/",
    folders: {},
    busybox: true,
  },
};

/** Returns whether a substitute for this component's image can be built. Grafana is the only exception. */
export const hasSubstitute = (component: string): boolean => component in REAL;

/** Returns the programs of these components' substitute images. */
export const programsOf = (components: readonly string[]): readonly string[] =>
  components.flatMap((component) => Object.keys(REAL[component]?.programs ?? {}));

/**
 * Builds an image of that name from the program of the native stack, with the layout of the real image. `others` are
 * paths of programs that replace those of the native stack.
 */
export async function substituteFor(
  component: string,
  image: string,
  busybox: string,
  folder: string,
  others: Readonly<Record<string, string>> = {},
): Promise<void> {
  const real = REAL[component];
  if (!real) throw new Error(`Cannot build a substitute image for ${component}.`);
  await rm(folder, { recursive: true, force: true });
  const put = async (from: string, to: string) => {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await copyFile(from, join(folder, to));
  };
  for (const [name, path] of Object.entries(real.programs))
    await put(others[name] ?? (await programOf(name)), path);
  if (real.busybox) for (const applet of ["sh", "wget"]) await put(busybox, `/bin/${applet}`);
  for (const path of Object.keys(real.folders)) await mkdir(join(folder, path), { recursive: true });
  const [program] = Object.values(real.programs);
  await importImage(image, folder, {
    owners: real.folders,
    changes: [
      `ENTRYPOINT ["${program}"]`,
      `USER ${real.user === "nobody" ? NOBODY : real.user}`,
      `WORKDIR ${real.workdir}`,
    ],
  });
}

async function programOf(name: string): Promise<string> {
  const program = name === "promtool" ? promtool : COMPONENTS.find((each) => each.name === name)?.program;
  if (program?.kind !== "binary") throw new Error(`${name} is not a program of the stack`);
  const path = await findTool(name, program);
  if (!path) throw new Error(`${name} is not available`);
  return path;
}
