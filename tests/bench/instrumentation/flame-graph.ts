import type { Profiler } from "node:inspector";
import { type HierarchyRectangularNode, hierarchy, partition } from "d3-hierarchy";

/** A function in a call path, with the CPU time that it took itself, in µs per request. */
interface Frame {
  readonly name: string;
  readonly url: string;
  self: number;
  readonly children: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 17;
const HEADER = 44;
/** The share of the width below which a frame and its callees are left out. */
const MIN_SHARE = 0.002;
const CHARACTER = 6.4;

/** Colours by the part of the program that a frame belongs to: the first pattern that matches its file. */
const PARTS: readonly [name: string, colour: string, pattern: RegExp][] = [
  ["lgtm-lab: telemetry", "#f2994a", /\/packages\/telemetry\//],
  ["lgtm-lab: services", "#f2c94c", /\/(apps|packages)\/|\/tests\/bench\//],
  ["OpenTelemetry", "#eb5757", /@opentelemetry/],
  ["grpc-js", "#56ccf2", /@grpc|protobuf/],
  ["other packages", "#6fcf97", /node_modules/],
  ["Node.js", "#c8ccd4", /^node:/],
  ["V8, native", "#e4e6ea", /^$/],
];

/**
 * Draws a CPU profile as a flame graph (SVG) with the callers above. Widths are CPU time per request; time in which the
 * process was idle is left out.
 *
 * @param requests The number of requests during the profile.
 */
export function flameGraph(title: string, profile: Profiler.Profile, requests: number): string {
  const root = hierarchy(framesOf(profile, requests), ({ children }) => [...children.values()])
    .sum(({ self }) => self)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const total = root.value ?? 0;
  const drawn = partition<Frame>()
    .size([WIDTH, 1])(root)
    .descendants()
    .filter(({ x0, x1 }) => x1 - x0 > WIDTH * MIN_SHARE);
  const height = HEADER + ROW * (Math.max(...drawn.map(({ depth }) => depth)) + 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<title>Flame graph: ${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="16" font-size="14">${escapeXml(title)}: ${total.toFixed(0)} µs per request on the main thread</text>`,
    ...PARTS.map(
      ([name, colour], index) =>
        `<rect x="${4 + index * 170}" y="25" width="10" height="10" fill="${colour}"/><text x="${18 + index * 170}" y="34">${name}</text>`,
    ),
    ...drawn.map((node) => box(node, total)),
    "</svg>\n",
  ].join("\n");
}

function framesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, requests: number): Frame {
  const selfUs = new Map<number, number>();
  // A delta is the time before its sample, so it belongs to the sample before it.
  samples.forEach((id, index) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const frame = (name: string, url: string): Frame => ({ name, url, self: 0, children: new Map() });
  const root = frame("all", "");
  const add = (id: number, parent: Frame) => {
    const node = byId.get(id);
    const { functionName = "", url = "" } = node?.callFrame ?? {};
    if (!node || functionName === "(idle)") return;
    const key = `${functionName} ${url}`;
    const child = parent.children.get(key) ?? frame(functionName || "(anonymous)", url);
    parent.children.set(key, child);
    child.self += (selfUs.get(id) ?? 0) / requests;
    for (const callee of node.children ?? []) add(callee, child);
  };
  for (const callee of nodes[0]?.children ?? []) add(callee, root);
  return root;
}

function box({ data, x0, x1, depth, value = 0 }: HierarchyRectangularNode<Frame>, total: number): string {
  const [, colour] = PARTS.find(([, , pattern]) => pattern.test(data.url)) ?? ["", "#fff"];
  const [x, y, width] = [x0.toFixed(1), HEADER + depth * ROW, (x1 - x0 - 0.5).toFixed(1)];
  const label = data.name.slice(0, Math.max(0, Math.floor((x1 - x0 - 4) / CHARACTER)));
  const file = data.url.replace(/^.*\/(node_modules|packages|apps|tests)\//, "$1/");
  const title = `${data.name} ${file}: ${value.toFixed(1)} µs, ${((100 * value) / total).toFixed(1)} %`;
  return [
    `<g><title>${escapeXml(title)}</title><rect x="${x}" y="${y}" width="${width}" height="${ROW - 1}" fill="${colour}"/>`,
    label.length > 2 ? `<text x="${(x0 + 2).toFixed(1)}" y="${y + 12}">${escapeXml(label)}</text>` : "",
    "</g>",
  ].join("");
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
