import { readFileSync } from "node:fs";
import { SCENARIOS } from "../../packages/stack/src/faults/scenarios.ts";
import { admin, tokenFile } from "./env.ts";

/**
 * What `lab break`, `lab fix` and `lab faults` are natively: `docker compose run --rm fault [<name> [<seconds>] | fix]`.
 * Without arguments it lists the faults and until when each is active. crash-b needs the native launcher.
 */
const [name, seconds = "300"] = process.argv.slice(2);
const MAX_SECONDS = 3600;
const known = SCENARIOS.filter(({ kills }) => !kills);
const scenario = known.find((each) => each.name === name);

if (name !== undefined && name !== "fix" && !scenario)
  fail(`Unknown fault "${name}". Available: ${known.map((each) => each.name).join(", ")}; "fix" ends all.`);
if (!/^\d{1,4}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > MAX_SECONDS)
  fail(`"${seconds}" is not a duration: give a number of seconds from 1 to ${MAX_SECONDS}.`);

const headers = { authorization: `Bearer ${readToken()}` };
if (name === "fix") for (const port of Object.keys(admin)) await ask(port, "DELETE", "/faults");
for (const port of scenario?.at ?? [])
  await ask(port, "PUT", `/faults/${name}`, { for_ms: Number(seconds) * 1000 });
const all = (await Promise.all(Object.keys(admin).map((port) => ask(port, "GET", "/faults")))).flat();
for (const { name, does } of known) {
  const until = all.find((each) => each.name === name && each.until)?.until;
  console.log(`${name.padEnd(13)} ${until ? `until ${until}` : "-".padEnd(30)}  ${does}`);
}

async function ask(
  port: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ name: string; until: string | null }[]> {
  const url = admin[port as keyof typeof admin] + path;
  const request = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await fetch(url, request).catch(() =>
    fail(`Cannot reach ${new URL(url).host}. Is the stack up? docker compose up -d`, 1),
  );
  if (!answer.ok) fail(`${method} ${url} answered ${answer.status}: ${await answer.text()}`, 1);
  return (await answer.json()) as { name: string; until: string | null }[];
}

function readToken(): string {
  try {
    return readFileSync(tokenFile, "utf8").trim();
  } catch {
    return fail(
      `Cannot read ${tokenFile}, which the first start creates. Is the stack up? docker compose up -d`,
      1,
    );
  }
}

function fail(message: string, exitCode = 2): never {
  console.error(message);
  process.exit(exitCode);
}
