import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { clusterPrograms, prometheusForKubernetes, resolveTool } from "@lgtm-lab/stack";
import { docker } from "../compose/docker.ts";
import { readComposeFile } from "../compose/file.ts";
import { prepareImages } from "../compose/images.ts";
import { substituteFor } from "../compose/substitutes/components.ts";
import { importImage } from "../compose/substitutes/import.ts";
import { debian } from "../compose/substitutes/node.ts";
import { withProgress } from "../runner/phases.ts";
import { COREDNS_IMAGE, PAUSE_IMAGE, TRAEFIK_IMAGE } from "./cluster.ts";

/** The user of Grafana's image. */
const GRAFANA_USER = 472;

/**
 * Writes all images of the manifests into an archive: ours, and those of the components, or substitutes if they cannot
 * be pulled. Adds the images of the cluster itself.
 * @returns the services whose image is only a placeholder, which responds to probes and scrapes.
 */
export async function writeImages(archive: string): Promise<readonly string[]> {
  const { skipped, substitutes } = await prepareImages();
  const services = readComposeFile();
  const busybox = join(await debian(), "bin/busybox");
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-images-"));
  try {
    const { image = "" } = services.prometheus ?? {};
    if (substitutes.includes(image))
      await substituteFor("prometheus", image, busybox, join(folder, "prometheus"), {
        prometheus: await resolveTool("prometheus", prometheusForKubernetes),
      });
    // Holds the network of a pod, as the image `pause` of Kubernetes does.
    await importPrograms(PAUSE_IMAGE, join(folder, "pause"), { "bin/sleep": busybox }, [
      'ENTRYPOINT ["/bin/sleep", "infinity"]',
      "USER 65535",
    ]);
    const coredns = await resolveTool("coredns", clusterPrograms.coredns);
    await importPrograms(COREDNS_IMAGE, join(folder, "coredns"), { coredns }, ['ENTRYPOINT ["/coredns"]']);
    const traefik = await resolveTool("traefik", clusterPrograms.traefik);
    await importPrograms(TRAEFIK_IMAGE, join(folder, "traefik"), { traefik }, [
      'ENTRYPOINT ["/traefik"]',
      "USER 65532",
    ]);
    for (const name of skipped)
      await importPlaceholder(services[name]?.image ?? "", busybox, join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const images = Object.values(services)
    .filter(({ profiles }) => !profiles)
    .map(({ image }) => image);
  const clusterImages = [PAUSE_IMAGE, COREDNS_IMAGE, TRAEFIK_IMAGE];
  const all = [...new Set([...images, ...clusterImages])];
  try {
    await withProgress("writing the images into an archive", () =>
      docker("save", "--output", archive, ...all),
    );
  } finally {
    // These have the names of real images, so a later `docker compose up` would use them instead of pulling.
    const placeholders = skipped.flatMap((name) => services[name]?.image ?? []);
    await docker("image", "rm", ...clusterImages, ...placeholders);
  }
  return skipped;
}

/** Imports an image that contains these programs; `changes` are Dockerfile instructions. */
async function importPrograms(
  image: string,
  folder: string,
  programs: Readonly<Record<string, string>>,
  changes: readonly string[],
): Promise<void> {
  for (const [path, source] of Object.entries(programs)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(source, join(folder, path));
  }
  await importImage(image, folder, { changes });
}

/**
 * Imports an image that responds to Grafana's probes, and to scrapes without any metric. The tests report Grafana as
 * skipped.
 */
async function importPlaceholder(image: string, busybox: string, folder: string): Promise<void> {
  await mkdir(join(folder, "www/api"), { recursive: true });
  for (const path of ["metrics", "api/health"]) await writeFile(join(folder, "www", path), "# placeholder\n");
  await importPrograms(image, folder, { "bin/httpd": busybox }, [
    'ENTRYPOINT ["/bin/httpd", "-f", "-p", "3000", "-h", "/www"]',
    `USER ${GRAFANA_USER}`,
  ]);
}
