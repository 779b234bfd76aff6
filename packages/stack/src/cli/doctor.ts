import { styleText } from "node:util";
import { trustCertificates } from "../certificates.ts";
import { diagnose } from "../doctor/diagnose.ts";
import type { HopResult } from "../doctor/hop.ts";
import { readEnvironment } from "../env.ts";
import { requireOwner } from "../supervisor/ownership.ts";
import { tokenFor } from "./token.ts";

const HOP_WIDTH = 32;

/** Runs `lab doctor`. Returns the exit code: 0 if every hop works and nothing was lost in the last 10 minutes. */
export async function doctor({ json = false }: { json?: boolean }): Promise<number> {
  const { stateFolder } = readEnvironment();
  const owner = await requireOwner(stateFolder);
  trustCertificates(stateFolder, owner.ports);
  const token = await tokenFor(stateFolder, owner, { subject: "doctor", lifetimeMs: 60_000 });
  const results = await diagnose({ ...owner, stateFolder, token });
  const ok = results.every((result) => result.state === "ok");
  console.log(json ? JSON.stringify({ ok, hops: results }, null, 2) : report(results));
  return ok ? 0 : 1;
}

function report(results: readonly HopResult[]): string {
  const bySignal = Map.groupBy(results, ({ signal }) => signal);
  return [...bySignal]
    .map(([signal, hops]) => [styleText("bold", signal), ...hops.map(line)].join("\n"))
    .join("\n\n");
}

function line({ hop, state, text, problems, seconds }: HopResult): string {
  const name = hop.padEnd(HOP_WIDTH);
  if (state === "not reached") return `  - ${name} not reached`;
  const time = `${seconds.toFixed(1)} s`;
  const notes = problems.map(({ cause, fix }) => `      ${cause}\n        fix: ${fix}`);
  if (state === "ok") return [`  ${styleText("green", "✓")} ${name} ${time}  ${text}`, ...notes].join("\n");
  const mark = state === "lost" ? styleText("yellow", "!") : styleText("red", "✗");
  const [only] = problems;
  if (problems.length === 1 && only)
    return [`  ${mark} ${name} ${time}  ${only.cause}`, `      fix: ${only.fix}`].join("\n");
  return [`  ${mark} ${name} ${time}  ${problems.length} problems`, ...notes].join("\n");
}
