import type { Edge, Place } from "./read.ts";

export const NODE = { width: 178, height: 58 } as const;
const GAP = { x: 190, y: 84 } as const;
const MARGIN = 12;

/** Where each service stands and each line runs. */
export function layout(places: readonly Place[], edges: readonly Edge[]) {
  const columns = [...new Set(places.map(({ column }) => column))].sort((a, b) => a - b);
  const inColumn = (column: number) => places.filter((place) => place.column === column);
  const tallest = Math.max(1, ...columns.map((column) => inColumn(column).length));
  const height = tallest * (NODE.height + GAP.y) - GAP.y + 2 * MARGIN;
  const nodes = columns.flatMap((column, across) => {
    const here = inColumn(column);
    const top = (height - (here.length * (NODE.height + GAP.y) - GAP.y)) / 2;
    return here.map((place, down) => ({
      place,
      x: MARGIN + across * (NODE.width + GAP.x),
      y: top + down * (NODE.height + GAP.y),
    }));
  });
  const at = new Map(nodes.map((node) => [node.place.name, node]));
  const lines = edges.flatMap((edge) => {
    const [from, to] = [at.get(edge.client), at.get(edge.server)];
    return from && to && from !== to ? [{ edge, ...line(from, to) }] : [];
  });
  const width = columns.length * (NODE.width + GAP.x) - GAP.x + 2 * MARGIN;
  return { width, height, nodes, lines };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** From the right side of one to the left side of the other, with its words beside it. */
function line(from: Point, to: Point) {
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  const bend = Math.max(60, Math.abs(x2 - x1) * 0.45);
  const path = `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  // Lines cross in the middle; near their beginning their words stand apart.
  const t = y1 === y2 ? 0.62 : 0.3;
  const along = (a: number, b: number, c: number, d: number) =>
    (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;
  return { path, x: along(x1, x1 + bend, x2 - bend, x2), y: along(y1, y1, y2, y2) };
}
