/** Explains the view before the first request. */
export function Welcome() {
  return (
    <section className="welcome" aria-label="What you will see">
      <ol className="welcome-steps">
        <li className="card">
          <Sketch kind="trace" />
          <h2>Trace</h2>
          <p className="muted">
            Every service records the start and end of its work as a <em>span</em>. The spans of one request
            form a trace, which shows where the request spent its time.
          </p>
        </li>
        <li className="card">
          <Sketch kind="lines" />
          <h2>Log lines</h2>
          <p className="muted">
            The gateway creates a trace id and passes it to the services. Every log line contains this id, so
            one id finds all lines of a request.
          </p>
        </li>
        <li className="card">
          <Sketch kind="histogram" />
          <h2>Compared with all requests</h2>
          <p className="muted">
            Every service measures the duration of its requests. The histogram shows whether your request was
            typical or slow.
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
