import { parseArgs } from "node:util";
import { run, runEach, runTests } from "../runner/commands.ts";
import { runCommand } from "../runner/phases.ts";
import { findGrafana } from "./find.ts";

/**
 * `npm run test:grafana [url]`: tests a Grafana through its API, and its dashboards in a browser. Without a url it uses
 * the Grafana of the running stack, or starts a new stack if a Grafana is available; otherwise every check is reported
 * as skipped. `-- --break errors-a` also sets a fault, to test that Grafana's own rules fire.
 */
await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: { break: { type: "string" } },
    allowPositionals: true,
  });
  const found = await findGrafana(positionals[0]);
  console.log(found.url ? `Grafana at ${found.url}` : `No Grafana available: ${found.skipReason}.`);
  const fault = values.break ?? found.fault;
  const env = {
    ...found.env,
    ...(found.url && { GRAFANA_URL: found.url }),
    ...(found.skipReason && { GRAFANA_SKIP_REASON: "no Grafana available" }),
    ...(found.password && { GF_SECURITY_ADMIN_PASSWORD: found.password }),
    ...(fault && { GRAFANA_BREAK: fault }),
  };
  try {
    const checks = [() => runTests("tests/grafana/*.test.ts", { serial: true, env })];
    if (found.url) checks.push(() => testInBrowser(found.url ?? ""));
    await runEach(checks);
  } finally {
    await found.done();
  }
});

/** Opens each dashboard in a browser (tests/browser/20-dashboards.spec.ts). */
async function testInBrowser(url: string): Promise<void> {
  await run("node", ["tests/browser/run.ts", "--grafana", url], { env: { GRAFANA_URL: undefined } });
}
