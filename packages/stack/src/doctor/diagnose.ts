import type { Ports } from "../ports.ts";
import { alerts } from "./alerts.ts";
import { examine } from "./examination.ts";
import { type Hop, type Verdict, walk } from "./hop.ts";
import { logs } from "./logs.ts";
import { metrics } from "./metrics.ts";
import { traces } from "./traces.ts";

const SIGNALS: Readonly<Record<string, readonly Hop[]>> = { traces, metrics, logs, alerts };

/**
 * Follows every signal from the services to where it is kept, with requests of its own.
 * @returns a verdict for every hop, signal by signal, in the order of the way.
 */
export async function diagnose({ ports, state }: { ports: Ports; state: string }): Promise<Verdict[]> {
  const exam = await examine(ports, state);
  const walks = Object.entries(SIGNALS).map(([signal, hops]) => walk(signal, hops, exam));
  return (await Promise.all(walks)).flat();
}
