/** The style sheet of the report. The services have the same colours as in the console. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --canvas: #ffffff; --surface: #f4f5f7; --line: #d9dbe1; --text: #2c2f37; --strong: #14161b; --muted: #5a5f6e;
  --grpc: #c75a00; --rest: #8a6d00; --a: #2f6fde; --b: #33803a; --other: #5b6b85; --note: #8f5200;
}
@media (prefers-color-scheme: dark) {
  :root {
    --canvas: #111217; --surface: #181b1f; --line: #33363e; --text: #d8d9e3; --strong: #f4f5f9; --muted: #9fa3b3;
    --grpc: #ff9830; --rest: #fade2a; --a: #5794f2; --b: #73bf69; --other: #a0b0c8; --note: #ffb357;
  }
}
* { box-sizing: border-box; }
body {
  max-width: 1280px; margin: 0 auto; padding: 32px 24px 64px; background: var(--canvas); color: var(--text);
  font: 15px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1, h2 { color: var(--strong); line-height: 1.25; text-wrap: balance; }
h1 { margin: 0; font-size: 26px; letter-spacing: -0.015em; }
h2 { margin: 40px 0 12px; font-size: 18px; }
.when { margin: 4px 0 24px; color: var(--muted); }
.findings { max-width: 90ch; margin: 0; padding: 16px 20px 16px 36px; border-radius: 8px; background: var(--surface); }
.findings li:first-child { color: var(--strong); font-weight: 600; }
li + li { margin-top: 4px; }
.notes { max-width: 90ch; margin: 16px 0 0; padding: 0; color: var(--note); list-style: none; }
.hint { max-width: 90ch; margin: 0 0 12px; color: var(--muted); }
.reading { max-width: 90ch; margin: 0; padding-left: 20px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 20px; }
figure { margin: 0; padding: 14px 16px 8px; border: 1px solid var(--line); border-radius: 8px; }
figcaption { margin-bottom: 6px; color: var(--strong); font-weight: 600; }
svg { display: block; width: 100%; height: auto; font: 11.5px Inter, system-ui, sans-serif; }
.grid { stroke: var(--line); }
.tick { fill: var(--muted); font-variant-numeric: tabular-nums; }
.line { fill: none; stroke-width: 2; }
.line.dashed { stroke-width: 1.5; stroke-dasharray: 5 4; }
.mark { stroke-width: 1.5; }
.mark.hollow { fill: var(--canvas); }
.label { font-weight: 600; }
.grpc { --colour: var(--grpc); }
.rest { --colour: var(--rest); }
.service-a { --colour: var(--a); }
.service-b { --colour: var(--b); }
.other { --colour: var(--other); }
.line, .mark { stroke: var(--colour); }
.mark:not(.hollow), .bar, .label { fill: var(--colour); }
.band { fill: var(--colour); opacity: 0.22; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--a); outline-offset: 4px; }
table { width: 100%; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 8px; color: var(--strong); font-weight: 600; text-align: left; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td { white-space: nowrap; }
thead th { color: var(--muted); font-weight: 500; vertical-align: bottom; }
tbody th { color: var(--strong); font-weight: 600; white-space: nowrap; }
th:first-child { padding-left: 0; text-align: left; }
.setup th, .setup td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.setup tbody th { white-space: nowrap; }
.original { color: var(--muted); }
.table + .table { margin-top: 28px; }
@media print {
  :root {
    color-scheme: light;
    --canvas: #ffffff; --surface: #ffffff; --line: #d9dbe1; --text: #2c2f37; --strong: #14161b; --muted: #5a5f6e;
    --grpc: #c75a00; --rest: #8a6d00; --a: #2f6fde; --b: #33803a; --other: #5b6b85; --note: #8f5200;
  }
  figure, tr, li { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
  table { font-size: 8px; }
}
`;
