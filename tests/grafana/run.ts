import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { parseArgs } from "node:util";
import { inherited } from "./env.ts";
import { findGrafana } from "./find.ts";

/**
 * `npm run test:grafana [url]`: tests a Grafana through its API, and its dashboards in a browser. Without a url it
 * uses the Grafana of the running stack, or starts a new stack if a Grafana is available; otherwise every check is reported
 * as skipped. `-- --break errors-a` also sets a fault, to test that Grafana's own rules fire.
 */
const { values, positionals } = parseArgs({
  options: { break: { type: "string" } },
  allowPositionals: true,
});
const found = await findGrafana(positionals[0]).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(found.url ? `Grafana at ${found.url}` : `There is no Grafana here: ${found.without}.`);

const files = (await Array.fromAsync(glob("tests/grafana/*.test.ts"))).sort();
const scenario = values.break ?? found.scenario;
const runner = spawn("node", ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files], {
  stdio: "inherit",
  env: {
    ...inherited,
    ...found.env,
    ...(found.url && { GRAFANA_URL: found.url }),
    ...(found.without && { GRAFANA_WITHOUT: "there is no Grafana here" }),
    ...(found.password && { GF_SECURITY_ADMIN_PASSWORD: found.password }),
    ...(scenario && { GRAFANA_BREAK: scenario }),
  },
});
const [code] = await once(runner, "exit");
const looks = found.url ? await lookAt(found.url) : 0;
await found.done();
process.exit(code || looks);

/** Opens each dashboard in a browser (tests/browser/20-dashboards.spec.ts). Gives Playwright's exit code. */
async function lookAt(url: string): Promise<number> {
  const { GRAFANA_URL, ...env } = inherited;
  const browser = spawn("node", ["tests/browser/run.ts", "--grafana", url], { stdio: "inherit", env });
  const [code] = await once(browser, "exit");
  return code ?? 1;
}
