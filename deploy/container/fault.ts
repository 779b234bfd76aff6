import { readFileSync } from "node:fs";
import { SCENARIOS } from "../../packages/stack/src/faults/scenarios.ts";
import { admin, tokenFile } from "./env.ts";

/**
 * What `lab break`, `lab fix` and `lab faults` are natively: `docker compose run --rm fault [<name> [<seconds>] | fix]`.
 * Without arguments it tells which faults are set. crash-b needs the native launcher, and so is not to be had here.
 */
const [name, seconds = "300"] = process.argv.slice(2);
const known = SCENARIOS.filter(({ kills }) => !kills);
const headers = { authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}` };

async function ask(
  port: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ name: string; until: string | null }[]> {
  const url = admin[port as keyof typeof admin] + path;
  const answer = await fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as { name: string; until: string | null }[];
}

if (name === "fix") for (const port of Object.keys(admin)) await ask(port, "DELETE", "/faults");
else if (name !== undefined) {
  const scenario = known.find((each) => each.name === name);
  if (!scenario) {
    console.error(`There is no fault ${name} here, but ${known.map((each) => each.name).join(", ")}.`);
    process.exit(2);
  }
  for (const port of scenario.at)
    await ask(port, "PUT", `/faults/${name}`, { for_ms: Number(seconds) * 1000 });
}
const all = (await Promise.all(Object.keys(admin).map((port) => ask(port, "GET", "/faults")))).flat();
for (const { name, does } of known) {
  const until = all.find((each) => each.name === name && each.until)?.until;
  console.log(`${name.padEnd(13)} ${until ? `until ${until}` : "-".padEnd(30)}  ${does}`);
}
