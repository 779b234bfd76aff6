import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

const SHOWN = 10;
const FILES_SHOWN = 3;

interface Timed {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Reports the slowest ten tests of a `node --test` run in seconds, slowest first. If each file has a process, also the
 * slowest processes: a process that runs long after its last test still has something open.
 */
export default async function* slowest(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tests: Timed[] = [];
  const processes: Timed[] = [];
  const fileOf = (file?: string) => (file ? relative(process.cwd(), file) : "");
  for await (const { type, data } of events) {
    if (type === "test:summary" && data.file)
      processes.push({ name: fileOf(data.file), seconds: data.duration_ms / 1000 });
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    const name = `${data.name}  (${fileOf(data.file)})`;
    tests.push({ name, seconds: data.details.duration_ms / 1000 });
  }
  yield* longest(`Slowest ${SHOWN} tests`, tests, SHOWN);
  if (processes.length > FILES_SHOWN) yield* longest("Slowest test files", processes, FILES_SHOWN);
}

function* longest(title: string, all: readonly Timed[], shown: number): Generator<string> {
  yield `\n${title}:\n`;
  for (const { name, seconds } of all.toSorted((a, b) => b.seconds - a.seconds).slice(0, shown))
    yield `${seconds.toFixed(1).padStart(8)} s  ${name}\n`;
}
