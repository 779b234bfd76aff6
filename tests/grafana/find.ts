import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMPONENTS, findTool, httpAddress, REPOSITORY, readEnvironment, startStack } from "@lgtm-lab/stack";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";

/** The Grafana under test. */
export interface GrafanaUnderTest {
  /** Undefined if there is none; `skipReason` is the reason. */
  readonly url?: string;
  readonly skipReason?: string;
  readonly password?: string | undefined;
  /** The fault to set on a stack that the tests started. */
  readonly fault?: string;
  /** The state folder of its stack, for setting faults. */
  readonly env?: Readonly<Record<string, string>>;
  readonly done: () => Promise<void>;
}

const nothing = async () => {};

/** @throws if a url is given and no Grafana responds there. */
export async function findGrafana(url: string | undefined): Promise<GrafanaUnderTest> {
  const { ports, stateFolder, grafanaPassword } = readEnvironment();
  if (url) {
    const why = await whyUnreachable(url);
    if (why) throw new Error(`No Grafana responds at ${url}: ${why}`);
    return { url, password: grafanaPassword, done: nothing };
  }
  const usual = httpAddress(ports, "GRAFANA_PORT");
  const unreachable = await whyUnreachable(usual);
  if (!unreachable)
    return { url: usual, password: grafanaPassword ?? keptPassword(stateFolder), done: nothing };

  const program = COMPONENTS.find(({ name }) => name === "grafana")?.program;
  const path = program?.kind === "binary" ? await findTool("grafana", program) : undefined;
  if (path) return await separateStack(grafanaPassword);
  const why = `none at ${usual} (${unreachable}), GRAFANA_HOME is not set, and its release cannot be fetched`;
  return { skipReason: why, done: nothing };
}

/** Returns the reason why no Grafana responds at this address; undefined if one responds. */
async function whyUnreachable(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(new URL("/api/health", url), { signal: AbortSignal.timeout(5000) });
    const body = await response.text();
    return response.ok && body.includes('"database"') ? undefined : `it responds with ${response.status}`;
  } catch (error) {
    const { cause } = error as Error;
    return cause instanceof Error && "code" in cause ? String(cause.code) : String(error);
  }
}

/** Returns the password that `lab up` generated for the Grafana of this state folder. */
function keptPassword(stateFolder: string): string | undefined {
  const file = globSync("grafana-*/admin-password", { cwd: stateFolder }).sort().at(-1);
  return file && readFileSync(join(stateFolder, file), "utf8");
}

async function separateStack(grafanaPassword: string | undefined): Promise<GrafanaUnderTest> {
  const stateFolder = join(REPOSITORY, ".lab/test-grafana");
  const stack = await startStack({ stateFolder, ports: "free" });
  const traffic = new Traffic({
    rate: 8,
    requests: GATEWAY_REQUESTS,
    base: ({ gateway }) => stack.address(gateway),
  });
  const ports = Object.entries(stack.ports).map(([name, port]) => [name, `${port}`]);
  return {
    url: stack.address("grafana"),
    password: grafanaPassword ?? keptPassword(stateFolder),
    fault: "errors-a",
    env: { LAB_STATE: stateFolder, ...Object.fromEntries(ports) },
    done: async () => {
      await traffic.stop();
      await stack.down();
    },
  };
}
