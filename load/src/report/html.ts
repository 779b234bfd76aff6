import type { Protocol } from "@lgtm-lab/contracts/services";
import { html, raw } from "hono/html";
import type { LoadResult } from "../result.ts";
import { cpuChart, type Html, lineChart } from "./charts.ts";
import { protocolsOf, stepsOf } from "./figures.ts";
import { findingsOf, notesOf } from "./findings.ts";
import { utc } from "./format.ts";
import { plotsOf } from "./plots.ts";
import { STYLE } from "./style.ts";
import { CAPTIONS, COLUMN_NOTE, COLUMNS, READING, setups, usersColumn } from "./tables.ts";

/**
 * Returns the report of a load test as one HTML file. It has no scripts and loads nothing, so it can be sent to others.
 */
export function htmlReport(result: LoadResult): string {
  const notes = notesOf(result);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load test of ${utc(result.startedAt)}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<h1>Load test: gRPC and REST</h1>
<p class="when">${utc(result.startedAt)} to ${utc(result.endedAt)} on ${result.machine.cpus} CPUs</p>
<ul class="findings">
${findingsOf(result).map((text) => html`<li>${text}</li>\n`)}</ul>
${notes.length > 0 && html`<ul class="notes">\n${notes.map((text) => html`<li>${text}</li>\n`)}</ul>`}
${result.steps.length > 0 && measured(result)}
<h2>How to read it</h2>
<ul class="reading">
${READING.map((text) => html`<li>${text}</li>\n`)}</ul>
<h2>Machine and set-up</h2>
${setupTable(result)}
</main>
</body>
</html>
`;
  return String(page);
}

const measured = (result: LoadResult): Html => html`<h2>Over the number of users</h2>
<p class="hint">Solid lines are this run, dashed lines the published numbers of the original lab, on another machine.
Point at a mark to see its value.</p>
<div class="charts">
${plotsOf(result).map(lineChart)}
${cpuChart(result)}
</div>
<h2>All numbers</h2>
<p class="hint">${COLUMN_NOTE}</p>
${protocolsOf(result).map((protocol) => stepTable(result, protocol))}`;

const stepTable = (
  result: LoadResult,
  protocol: Protocol,
): Html => html`<div class="table scroll" role="region" aria-label="${CAPTIONS[protocol]}" tabindex="0">
<table>
<caption>${CAPTIONS[protocol]}</caption>
<thead><tr><th scope="col">${usersColumn.title}</th>${COLUMNS.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${stepsOf(result, protocol).map(
  (step) =>
    html`<tr><th scope="row">${usersColumn.of(step)}</th>${COLUMNS.map(({ title, of }) => html`<td${title.startsWith("Original") && raw(' class="original"')}>${of(step)}</td>`)}</tr>\n`,
)}</tbody>
</table>
</div>`;

const setupTable = (result: LoadResult): Html => html`<div>
<table class="setup">
<caption>What differs between this run and the original lab</caption>
<thead><tr><th scope="col">Aspect</th><th scope="col">This run</th><th scope="col">Original lab</th></tr></thead>
<tbody>
${setups(result).map(([aspect, here, original]) => html`<tr><th scope="row">${aspect}</th><td>${here}</td><td>${original}</td></tr>\n`)}</tbody>
</table>
</div>`;
