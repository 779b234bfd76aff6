import { AREA, type LinePlot, type Mark, type PlotLine, plotsOf, SIZE } from "@lgtm-lab/load/plots";
import type { LoadResult } from "@lgtm-lab/load/result";
import { useMemo } from "react";

/** The plots on this page. The report also plots the 95th percentile and the CPU time. */
const PLOT_IDS = ["throughput", "mean"];

/** Shows plots of a load test, with the published numbers of the original lab as dashed lines. */
export function Plots({ result }: { readonly result: LoadResult }) {
  const plots = useMemo(() => plotsOf(result).filter(({ id }) => PLOT_IDS.includes(id)), [result]);
  return (
    <>
      <div className="load-plots">
        {plots.map((plot) => (
          <Plot key={plot.id} plot={plot} />
        ))}
      </div>
      <p className="muted">
        Dashed: the published numbers of the original lab, on another machine. The report lists the
        differences.
      </p>
    </>
  );
}

function Plot({ plot: { id, title, description, xTicks, yTicks, band, lines, labels } }: { plot: LinePlot }) {
  return (
    <figure className="card load-plot" data-testid={`plot-${id}`}>
      <figcaption>
        <h3>{title}</h3>
      </figcaption>
      <svg viewBox={`0 0 ${SIZE.width} ${SIZE.height}`} role="img" aria-label={description}>
        {yTicks.map(({ at, text }) => (
          <g key={at}>
            <line className="grid" x1={AREA.left} x2={AREA.right} y1={at} y2={at} />
            <text className="tick" x={AREA.left - 8} y={at + 4} textAnchor="end">
              {text}
            </text>
          </g>
        ))}
        {xTicks.map(({ at, text }) => (
          <text key={at} className="tick" x={at} y={AREA.bottom + 17} textAnchor="middle">
            {text}
          </text>
        ))}
        <text className="tick" x={(AREA.left + AREA.right) / 2} y={SIZE.height - 6} textAnchor="middle">
          users
        </text>
        {band && (
          <rect
            className={`band ${band.colour}`}
            x={AREA.left}
            width={AREA.right - AREA.left}
            y={band.y}
            height={band.height}
          >
            <title>{band.text}</title>
          </rect>
        )}
        {lines.map((line) => (
          <Line key={line.name} line={line} />
        ))}
        {labels.map(({ text, y }) => (
          <text key={text} className="label" x={AREA.right + 8} y={y + 4}>
            {text}
          </text>
        ))}
      </svg>
    </figure>
  );
}

function Line({ line: { colour, dashed, path, marks } }: { line: PlotLine }) {
  return (
    <g className={colour} data-dashed={dashed}>
      <path className="line" d={path} />
      {marks.map((mark) => (
        <MarkShape key={mark.x} mark={mark} square={colour === "rest"} />
      ))}
    </g>
  );
}

/** REST has squares, so that the protocols differ in more than their colour. */
function MarkShape({ mark: { x, y, text, incomplete }, square }: { mark: Mark; square: boolean }) {
  return (
    <>
      {square ? (
        <rect className="mark" x={x - 3.5} y={y - 3.5} width="7" height="7">
          <title>{text}</title>
        </rect>
      ) : (
        <circle className="mark" cx={x} cy={y} r="4">
          <title>{text}</title>
        </circle>
      )}
      {incomplete && (
        <text className="label" x={x} y={y - 9} textAnchor="middle">
          †
        </text>
      )}
    </>
  );
}
