import type { Call } from "../frames/service-map.ts";

export interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Who only calls is on the left, whom it calls one column further right. A circle of calls does not go round for ever:
 * a service is never further right than there are services.
 */
export function layout(
  ids: readonly string[],
  calls: readonly Pick<Call, "client" | "server">[],
): ReadonlyMap<string, Place> {
  const depth = new Map(ids.map((id) => [id, 0]));
  for (let round = 0; round < ids.length; round++) {
    let moved = false;
    for (const { client, server } of calls) {
      const wanted = Math.min(ids.length - 1, (depth.get(client) ?? 0) + 1);
      if (client === server || (depth.get(server) ?? 0) >= wanted) continue;
      depth.set(server, wanted);
      moved = true;
    }
    if (!moved) break;
  }
  const columns = [...Map.groupBy(ids, (id) => depth.get(id) ?? 0)].sort(([a], [b]) => a - b);
  const places = new Map<string, Place>();
  for (const [column, [, members]] of columns.entries())
    for (const [row, id] of members.toSorted().entries())
      places.set(id, {
        x: columns.length === 1 ? 0.5 : column / (columns.length - 1),
        y: (row + 0.5) / members.length,
      });
  return places;
}
