import type { Ports } from "../ports.ts";
import { alerts } from "./alerts.ts";
import { examine } from "./examination.ts";
import { type Hop, type Verdict, walk } from "./hop.ts";
import { logs } from "./logs.ts";
import { lossHops } from "./losses.ts";
import { metrics } from "./metrics.ts";
import { otlpHops } from "./otlp.ts";
import { targets } from "./targets.ts";
import { traces } from "./traces.ts";

const SIGNALS: Readonly<Record<string, readonly Hop[]>> = {
  traces,
  metrics,
  logs,
  alerts,
  "OTLP traces": otlpHops("traces"),
  "OTLP metrics": otlpHops("metrics"),
  "OTLP logs": otlpHops("logs"),
  "scrape targets": targets,
};

/**
 * Sends requests and OTLP items and follows every signal to its store. Then reads the losses of the last 10 minutes,
 * including those of its own items.
 * @returns a verdict for every hop, signal by signal, in the order of its path.
 */
export async function diagnose({ ports, state }: { ports: Ports; state: string }): Promise<Verdict[]> {
  const exam = await examine(ports, state);
  const walks = Object.entries(SIGNALS).map(([signal, hops]) => walk(signal, hops, exam));
  const ways = (await Promise.all(walks)).flat();
  return [...ways, ...(await walk("losses", lossHops(), exam))];
}
