import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** Smaller ones are one packet either way. */
const MIN_BYTES = 1024;
const COMPRESSIBLE = /\.(js|css|html|svg|json|txt)$/;
/** Brotli's best takes ten times as long for three per cent. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)];

/** Writes `<file>.br` and `<file>.gz` beside every file of a folder that gets smaller by it. */
export async function compressFiles(folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => COMPRESSIBLE.test(name));
  await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      if ((await stat(file)).size < MIN_BYTES) return;
      const content = await readFile(file);
      const smaller = await Promise.all([brotli(content, BROTLI), zip(content, { level: 9 })]);
      await Promise.all([".br", ".gz"].map((end, index) => writeFile(file + end, smaller[index] ?? content)));
    }),
  );
}
