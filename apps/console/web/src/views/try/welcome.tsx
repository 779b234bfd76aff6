/** Shown before the first request: what the view will show. */
export function Welcome() {
  return (
    <section className="welcome" aria-label="What you will see">
      <ol className="welcome-steps">
        <li className="card">
          <Sketch kind="trace" />
          <h2>Its trace</h2>
          <p className="muted">
            Every service notes when it began and ended its part: a <em>span</em>. Together the spans of one
            request are a trace, and show where its time went.
          </p>
        </li>
        <li className="card">
          <Sketch kind="lines" />
          <h2>Its log lines</h2>
          <p className="muted">
            The gateway gives the request an id and hands it on. Each service writes it into its log lines, so
            one id finds them all.
          </p>
        </li>
        <li className="card">
          <Sketch kind="histogram" />
          <h2>Its place among all</h2>
          <p className="muted">
            Every service counts how long requests take. The histogram shows whether yours was usual, or slow.
          </p>
        </li>
      </ol>
    </section>
  );
}

const BARS = {
  trace: [
    [0, 0, 240, "gateway"],
    [18, 22, 200, "gateway"],
    [60, 44, 120, "a"],
    [84, 66, 70, "b"],
  ],
  lines: [
    [0, 6, 190, "gateway"],
    [0, 26, 150, "a"],
    [0, 46, 214, "b"],
    [0, 66, 120, "gateway"],
  ],
  histogram: [
    [6, 60, 26, "other-4"],
    [40, 22, 26, "other-4"],
    [74, 8, 26, "other-4"],
    [108, 40, 26, "gateway"],
    [142, 66, 26, "other-4"],
    [176, 74, 26, "other-4"],
    [210, 77, 26, "other-4"],
  ],
} as const;

const Sketch = ({ kind }: { kind: keyof typeof BARS }) => (
  <svg viewBox="0 0 244 80" className="sketch" preserveAspectRatio="xMinYMid" aria-hidden="true">
    {BARS[kind].map(([x, y, width, service]) => (
      <rect
        key={`${x} ${y}`}
        x={x}
        y={y}
        width={width}
        height={kind === "histogram" ? 80 - y : kind === "trace" ? 14 : 7}
        rx="3"
        fill={`var(--service-${service})`}
        opacity={service === "other-4" ? 0.45 : 0.9}
      />
    ))}
  </svg>
);
