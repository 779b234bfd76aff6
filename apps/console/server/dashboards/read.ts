import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";

const MAX_BYTES = 8 * 1024 * 1024;

/** What the list says of a dashboard. Others than ours may lack anything; Grafana then goes by the file's name, too. */
const head = z.object({
  uid: z.string().min(1).nullish().catch(null),
  title: z.string().min(1).nullish().catch(null),
  description: z.string().nullish().catch(null),
  tags: z.array(z.string()).nullish().catch(null),
});

export interface DashboardEntry {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Why it cannot be shown. */
  readonly problem?: string;
}

export interface DashboardFile extends DashboardEntry {
  readonly text: string;
}

/** The dashboards of a folder as they are at this moment, by title. A file that is none is listed with what is wrong. */
export async function readDashboards(folder: string): Promise<DashboardFile[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json"));
  const all = await Promise.all(files.map((file) => readDashboard(join(folder, file))));
  return all.toSorted((a, b) => a.title.localeCompare(b.title, "en"));
}

async function readDashboard(file: string): Promise<DashboardFile> {
  const name = basename(file, ".json");
  const none = (problem: string, text = "") => ({
    uid: name,
    title: name,
    description: "",
    tags: [],
    text,
    problem: `${basename(file)} ${problem}`,
  });
  try {
    const text = await readFile(file, "utf8");
    if (text.length > MAX_BYTES) return none(`is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
    const parsed = head.safeParse(JSON.parse(text));
    if (!parsed.success) return none("is not a dashboard", text);
    const { uid, title, description, tags } = parsed.data;
    return {
      uid: uid ?? name,
      title: title ?? name,
      description: description ?? "",
      tags: tags ?? [],
      text,
    };
  } catch (error) {
    return none(`cannot be read: ${(error as Error).message}`);
  }
}
