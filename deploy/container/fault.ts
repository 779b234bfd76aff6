import { readFileSync } from "node:fs";
import { faultAdmin } from "./env.ts";

/**
 * Sets or ends a fault of the service in whose container it runs, and prints all of them:
 * `docker compose exec service-b node deploy/container/fault.ts [<name> <seconds> | fix]`.
 */
const [name, seconds = "300"] = process.argv.slice(2);
const [method, path] =
  name === undefined ? ["GET", ""] : name === "fix" ? ["DELETE", ""] : ["PUT", `/${name}`];

const answer = await fetch(`http://127.0.0.1:${faultAdmin.port}/faults${path}`, {
  method,
  headers: { authorization: `Bearer ${readFileSync(faultAdmin.tokenFile, "utf8").trim()}` },
  ...(method === "PUT" && { body: JSON.stringify({ for_ms: Number(seconds) * 1000 }) }),
});
console.log(await answer.text());
if (!answer.ok) process.exitCode = 1;
