import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "@playwright/test";
import { output, run } from "../../runner/commands.ts";
import { env } from "./env.ts";

const SYSTEM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
/** The time limit for the server of a download to respond. */
const SILENCE_MS = 8000;
const DOWNLOAD_MS = 180_000;

/**
 * Returns the Chromium for the tests. It tries in this order: CHROMIUM_BIN, Playwright's if it was downloaded before,
 * the system's, a download of Playwright's, Debian's package. Downloads come last: they take 100 MB and may be blocked.
 * @throws if none is available. The message contains the fix.
 */
export async function findChromium(printProgress: (text: string) => void): Promise<string> {
  if (env.CHROMIUM_BIN) {
    if (existsSync(env.CHROMIUM_BIN)) return env.CHROMIUM_BIN;
    throw new Error(`CHROMIUM_BIN=${env.CHROMIUM_BIN}: no such file.`);
  }
  const found = already();
  if (found) return found;
  printProgress("No Chromium here: downloading Playwright's");
  if ((await download(printProgress)) && existsSync(chromium.executablePath()))
    return chromium.executablePath();
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    printProgress("It cannot be downloaded: installing Debian's chromium");
    try {
      await run("apt-get", ["update"]);
      await run("apt-get", ["install", "-y", "chromium"]);
    } catch (error) {
      printProgress((error as Error).message);
    }
    const installed = onPath("chromium");
    if (installed) return installed;
  }
  throw new Error(
    "The browser tests need Chromium, and there is none. Install it (`npx playwright install chromium`, or `apt-get install chromium`, " +
      "or Google Chrome), or name one: CHROMIUM_BIN=/path/to/chromium npm test -- browser",
  );
}

const already = (): string | undefined =>
  [chromium.executablePath(), ...SYSTEM.map(onPath), MACOS].find((path) => path && existsSync(path));

function onPath(name: string): string | undefined {
  // biome-ignore lint/style/noProcessEnv: PATH is not one of our settings
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Downloads Playwright's Chromium. Limited in time, because Playwright retries a blocked download for minutes. */
async function download(printProgress: (text: string) => void): Promise<boolean> {
  const cli = join(import.meta.dirname, "../../../node_modules/@playwright/test/cli.js");
  if (!(await reachable("https://cdn.playwright.dev/"))) return false;
  try {
    await output(process.execPath, [cli, "install", "chromium"], { timeout: DOWNLOAD_MS });
    return true;
  } catch (error) {
    printProgress(`The download failed: ${(error as Error).message.split("\n")[0]}`);
    return false;
  }
}

async function reachable(address: string): Promise<boolean> {
  try {
    await fetch(address, { method: "HEAD", signal: AbortSignal.timeout(SILENCE_MS) });
    return true;
  } catch {
    return false;
  }
}
