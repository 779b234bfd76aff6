import type { PortVariable } from "../ports.ts";
import { closest } from "../report/closest.ts";
import { LabError } from "../report/failure.ts";
import { askFaultAdmin, type Where } from "./admin-client.ts";
import { readDoom, writeDoom } from "./doom.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

/** How long a fault lasts unless one says, and at most; milliseconds. */
export const DEFAULT_FOR_MS = 5 * 60_000;
export const MAX_FOR_MS = 60 * 60_000;

/** A scenario and until when it is active: milliseconds since the epoch, nothing while it is not. */
export interface FaultStatus {
  readonly scenario: Scenario;
  readonly until: number | undefined;
}

/**
 * Sets a fault on a running stack. It ends after `forMs`, or when it is fixed.
 * @throws LabError for a name that is none, a time out of bounds, a service that does not answer.
 */
export async function breakIt(where: Where, name: string, { forMs = DEFAULT_FOR_MS } = {}): Promise<void> {
  const { at, kills } = scenarioOf(name);
  if (!Number.isInteger(forMs) || forMs < 1 || forMs > MAX_FOR_MS)
    throw new LabError(`A fault lasts from 1 ms to ${MAX_FOR_MS / 60_000} minutes, not ${forMs} ms.`);
  const answers = await Promise.all(
    at.map((port) => askFaultAdmin(where, port, "PUT", `/faults/${name}`, { for_ms: forMs })),
  );
  const mute = at.filter((_, index) => answers[index] === undefined);
  if (mute.length > 0)
    throw new LabError(
      `Nobody listens at ${mute.map((port) => `${port} (${where.ports[port]})`).join(", ")}: \`npx lab status\` tells what runs.`,
    );
  if (kills) writeDoom(where.state, kills, Date.now() + forMs);
}

/**
 * Ends one fault, or all.
 * @returns the names of those that were set.
 * @throws LabError for a name that is none.
 */
export async function fix(where: Where, name?: string): Promise<string[]> {
  const wanted = name === undefined ? SCENARIOS : [scenarioOf(name)];
  const were = (await faults(where)).filter(({ until }) => until !== undefined);
  for (const { kills } of wanted) if (kills) writeDoom(where.state, kills, undefined);
  const path = name === undefined ? "/faults" : `/faults/${name}`;
  await Promise.all(adminPorts(wanted).map((port) => askFaultAdmin(where, port, "DELETE", path)));
  return were.flatMap(({ scenario }) => (wanted.includes(scenario) ? [scenario.name] : []));
}

/** Every scenario, and until when it is active. */
export async function faults(where: Where): Promise<FaultStatus[]> {
  const ports = adminPorts(SCENARIOS);
  const answers = await Promise.all(ports.map((port) => askFaultAdmin(where, port, "GET", "/faults")));
  const told = new Map(ports.map((port, index) => [port, answers[index] ?? []]));
  const doom = readDoom(where.state);
  return SCENARIOS.map((scenario) => {
    const ends = scenario.at.flatMap((port) => {
      const until = told.get(port)?.find(({ name }) => name === scenario.name)?.until;
      return until ? [Date.parse(until)] : [];
    });
    if (scenario.kills && doom[scenario.kills]) ends.push(doom[scenario.kills] ?? 0);
    return { scenario, until: ends.length > 0 ? Math.max(...ends) : undefined };
  });
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
    `There is no fault ${name}, but ${names.join(", ")}.${near ? ` Did you mean ${near}?` : ""}`,
  );
}
