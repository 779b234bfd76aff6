import type { Protocol } from "@lgtm-lab/contracts";
/** One request of the demo traffic. */
export interface Planned {
  readonly gateway: Protocol;
  readonly path: string;
}

const NAMES = ["Ana", "Bruno", "Célia", "Davi", "Elisa"];
const STREAMS = ["count=10&delay_ms=5", "count=3", "count=25&delay_ms=20", ""];
/** One request in this many is invalid and gets a 400, as in real traffic. */
const BAD_EVERY = 25;
const BAD = ["/b/numbers?count=0", "/b/numbers?count=ten", `/a/hello?name=${"x".repeat(257)}`];

/** Returns the request with number `index`. The requests alternate between the routes and the gateways. */
export function plan(index: number): Planned {
  const gateway = index % 2 === 0 ? "grpc" : "rest";
  const turn = Math.floor(index / 4);
  if (index % BAD_EVERY === BAD_EVERY - 1) return { gateway, path: pick(BAD, Math.floor(index / BAD_EVERY)) };
  if (index % 4 < 2) return { gateway, path: `/a/hello?name=${encodeURIComponent(pick(NAMES, turn))}` };
  return { gateway, path: `/b/numbers?${pick(STREAMS, turn)}` };
}

function pick(from: readonly string[], index: number): string {
  return from[index % from.length] ?? "";
}
