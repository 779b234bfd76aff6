import type { PortVariable } from "../ports.ts";
import { closest } from "../report/closest.ts";
import { LabError, messageOf } from "../terminal/failure.ts";
import { askFaultAdmin, type FaultSite, type FaultStates } from "./admin-client.ts";
import { readDoom, writeDoom } from "./doom.ts";
import { OWNERS, SCENARIOS, type Scenario } from "./scenarios.ts";

/** How long a fault lasts unless one says, and at most; milliseconds. */
export const DEFAULT_FOR_MS = 5 * 60_000;
export const MAX_FOR_MS = 60 * 60_000;

/** A scenario and until when it is active: milliseconds since the epoch, nothing while it is not. */
export interface FaultStatus {
  readonly scenario: Scenario;
  readonly until: number | undefined;
  /** Why it cannot be set at this moment; nothing when it can. */
  readonly unavailable: string | undefined;
}

/**
 * Sets a fault on a running stack. It ends after `forMs`, or when it is fixed.
 * @throws LabError for an unknown fault, an invalid duration, or a service that does not answer.
 */
export async function breakIt(site: FaultSite, name: string, { forMs = DEFAULT_FOR_MS } = {}): Promise<void> {
  const { at, kills } = scenarioOf(name);
  if (!Number.isInteger(forMs) || forMs < 1 || forMs > MAX_FOR_MS)
    throw new LabError(`A fault lasts from 1 ms to ${MAX_FOR_MS / 60_000} minutes, not ${forMs} ms.`);
  const launcher = site.launcher();
  if (kills && launcher === undefined) throw new LabError(`${name}: ${NO_LAUNCHER}`);
  const answers = await Promise.all(
    at.map((port) => askFaultAdmin(site, port, "PUT", `/faults/${name}`, { for_ms: forMs })),
  );
  const mute = at.filter((_, index) => answers[index] === undefined);
  if (mute.length > 0)
    throw new LabError(
      `No service listens at ${mute.map((port) => `${port} (${site.address(port)})`).join(", ")}: \`npx lab status\` shows what runs.`,
    );
  if (kills && launcher !== undefined) writeDoom(launcher, kills, Date.now() + forMs);
}

/**
 * Ends one fault, or all.
 * @returns the names of those that were set.
 * @throws LabError for an unknown fault.
 */
export async function fix(site: FaultSite, name?: string): Promise<string[]> {
  const wanted = name === undefined ? SCENARIOS : [scenarioOf(name)];
  const were = (await faults(site)).filter(({ until }) => until !== undefined);
  const launcher = site.launcher();
  for (const { kills } of wanted) if (kills && launcher !== undefined) writeDoom(launcher, kills, undefined);
  const path = name === undefined ? "/faults" : `/faults/${name}`;
  await Promise.all(adminPorts(wanted).map((port) => askFaultAdmin(site, port, "DELETE", path)));
  return were.flatMap(({ scenario }) => (wanted.includes(scenario) ? [scenario.name] : []));
}

/** Every scenario, until when it is active, and whether it can be set. */
export async function faults(site: FaultSite): Promise<FaultStatus[]> {
  const ports = adminPorts(SCENARIOS);
  const told = new Map(await Promise.all(ports.map(async (port) => [port, await tell(site, port)] as const)));
  const launcher = site.launcher();
  const doom = launcher === undefined ? {} : readDoom(launcher);
  return SCENARIOS.map((scenario) => {
    const answers = scenario.at.map((port) => told.get(port) ?? "");
    const ends = answers.flatMap((answer) => {
      const until = typeof answer !== "string" && answer.find(({ name }) => name === scenario.name)?.until;
      return until ? [Date.parse(until)] : [];
    });
    if (scenario.kills && doom[scenario.kills]) ends.push(doom[scenario.kills] ?? 0);
    const unavailable =
      answers.find((answer) => typeof answer === "string") ??
      (scenario.kills && launcher === undefined ? NO_LAUNCHER : undefined);
    return { scenario, until: ends.length > 0 ? Math.max(...ends) : undefined, unavailable };
  });
}

const NO_LAUNCHER = "it needs the launcher (`npm start`), which kills the service; none runs here";

/** What an admin port answers, or in words why it does not. */
async function tell(site: FaultSite, port: PortVariable): Promise<FaultStates | string> {
  try {
    const answer = await askFaultAdmin(site, port, "GET", "/faults");
    return answer ?? `no service listens at the fault port of ${OWNERS[port]} (${site.address(port)})`;
  } catch (error) {
    return messageOf(error);
  }
}

const adminPorts = (scenarios: readonly Scenario[]): PortVariable[] => [
  ...new Set(scenarios.flatMap(({ at }) => at)),
];

function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found) return found;
  const names = SCENARIOS.map((scenario) => scenario.name);
  const near = closest(name, names);
  throw new LabError(
    `Unknown fault "${name}". Available: ${names.join(", ")}.${near ? ` Did you mean ${near}?` : ""}`,
  );
}
