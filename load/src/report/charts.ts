import { PROTOCOL_NAMES } from "@lgtm-lab/contracts/services";
import { scaleBand } from "d3-scale";
import { html } from "hono/html";
import type { LoadResult } from "../result.ts";
import { cpuMsOf, protocolsOf, stepsOf, usersOf } from "./figures.ts";
import { count, isFiniteNumber, milliseconds } from "./format.ts";
import { AREA, type LinePlot, type Mark, type PlotLine, round, SIZE, type Tick, yScale } from "./plots.ts";

/** HTML created by `html`, which escapes interpolated values. */
export type Html = ReturnType<typeof html>;

/** Draws a plot as SVG. Each line is labelled at its end. */
export const lineChart = ({ xTicks, yTicks, band, lines, labels, ...text }: LinePlot): Html =>
  figure(
    text,
    html`${axes(xTicks, yTicks)}
${band && html`<rect class="band ${band.colour}" x="${AREA.left}" y="${band.y}" width="${AREA.right - AREA.left}" height="${band.height}"><title>${band.text}</title></rect>`}
${lines.map(line)}
${labels.map(({ text, colour, y }) => html`<text class="label ${colour}" x="${AREA.right + 8}" y="${y + 4}">${text}</text>`)}`,
  );

function line({ colour, dashed, path, marks }: PlotLine): Html {
  return html`<path class="line ${colour}${dashed ? " dashed" : ""}" d="${path}"/>${marks.map((each) => mark(each, colour, dashed))}`;
}

/** REST has squares, so that the protocols differ in more than their colour. */
function mark({ x, y, text, incomplete }: Mark, colour: PlotLine["colour"], hollow: boolean): Html {
  const name = `mark ${colour}${hollow ? " hollow" : ""}`;
  const shape =
    colour === "rest"
      ? html`<rect class="${name}" x="${round(x - 3.5)}" y="${round(y - 3.5)}" width="7" height="7"><title>${text}</title></rect>`
      : html`<circle class="${name}" cx="${x}" cy="${y}" r="4"><title>${text}</title></circle>`;
  return html`${shape}${incomplete && html`<text class="label ${colour}" x="${x}" y="${round(y - 9)}" text-anchor="middle">†</text>`}`;
}

const MAX_BAR_WIDTH = 44;

/** The colours of the processes. A gateway has the colour of its protocol. */
const PROCESS_COLOURS: Readonly<Record<string, string>> = {
  gateway: "grpc",
  "gateway-rest": "rest",
  "service-a": "service-a",
  "service-b": "service-b",
};
const colourOf = (process: string): string => PROCESS_COLOURS[process] ?? "other";

/** Draws the CPU time per request as stacked bars: for each number of users one bar for each protocol. */
export function cpuChart(result: LoadResult): Html {
  const protocols = protocolsOf(result);
  const users = usersOf(result);
  const steps = result.steps.filter((step) => cpuMsOf(step) !== undefined);
  const y = yScale(
    steps.map((step) => cpuMsOf(step) ?? 0),
    "linear",
  );
  const x = scaleBand(users.map(String), [AREA.left, AREA.right]).padding(0.25);
  const width = Math.min(x.bandwidth(), protocols.length * MAX_BAR_WIDTH);
  const inner = scaleBand(protocols, [0, width]).paddingInner(0.12);
  const middle = (each: number) => (x(String(each)) ?? 0) + x.bandwidth() / 2;
  const processes = [...new Set(steps.flatMap(({ cpuUs }) => Object.keys(cpuUs)))].sort();
  return figure(
    {
      id: "cpu",
      title: "CPU time per request",
      description:
        "CPU time per finished request in gateway and services: for each number of users a bar for each protocol, gRPC first. The table has the sums.",
    },
    html`${axes(
      users.map((each) => ({ at: round(middle(each)), text: count(each) })),
      y.ticks.map((tick) => ({ at: round(y.of(tick)), text: milliseconds(tick) })),
    )}
${protocols.map((protocol) =>
  stepsOf(result, protocol).map((step) => {
    const left = middle(step.users) - width / 2 + (inner(protocol) ?? 0);
    let below = 0;
    return processes.map((process) => {
      const value = (step.cpuUs[process] ?? Number.NaN) / 1000;
      if (!isFiniteNumber(value)) return "";
      const [bottom, top] = [y.of(below), y.of(below + value)];
      below += value;
      return html`<rect class="bar ${colourOf(process)}" x="${round(left)}" y="${round(top)}" width="${round(inner.bandwidth())}" height="${round(bottom - top)}"><title>${PROTOCOL_NAMES[protocol]}, ${count(step.users)} users, ${process}: ${milliseconds(value)}</title></rect>`;
    });
  }),
)}
${processes.map(
  (process, index) =>
    html`<rect class="bar ${colourOf(process)}" x="${AREA.right + 8}" y="${AREA.top + index * 20}" width="11" height="11"/><text class="tick" x="${AREA.right + 25}" y="${AREA.top + 10 + index * 20}">${process}</text>`,
)}`,
  );
}

const axes = (xTicks: readonly Tick[], yTicks: readonly Tick[]): Html =>
  html`${yTicks.map(
    ({ at, text }) =>
      html`<line class="grid" x1="${AREA.left}" x2="${AREA.right}" y1="${at}" y2="${at}"/><text class="tick" x="${AREA.left - 8}" y="${round(at + 4)}" text-anchor="end">${text}</text>`,
  )}
${xTicks.map(({ at, text }) => html`<text class="tick" x="${at}" y="${AREA.bottom + 17}" text-anchor="middle">${text}</text>`)}
<text class="tick" x="${(AREA.left + AREA.right) / 2}" y="${SIZE.height - 6}" text-anchor="middle">users</text>`;

interface FigureText {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

const figure = ({ id, title, description }: FigureText, content: Html): Html => html`<figure>
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
${content}
</svg>
</figure>`;
