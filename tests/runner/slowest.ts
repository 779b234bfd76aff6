import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

const SHOWN = 10;

/** Reports the slowest ten tests of a `node --test` run in seconds, slowest first. */
export default async function* slowest(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tests: { name: string; file: string; seconds: number }[] = [];
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    const file = data.file ? relative(process.cwd(), data.file) : "";
    tests.push({ name: data.name, file, seconds: data.details.duration_ms / 1000 });
  }
  yield `\nSlowest ${SHOWN} tests:\n`;
  for (const { name, file, seconds } of tests.toSorted((a, b) => b.seconds - a.seconds).slice(0, SHOWN))
    yield `${seconds.toFixed(1).padStart(8)} s  ${name}  (${file})\n`;
}
