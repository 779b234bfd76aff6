import { InvalidParamsError } from "@lgtm-lab/contracts";
import type { Handler } from "hono";
import { html } from "hono/html";
import type { Env } from "../env.ts";
import { link, page } from "./layout.ts";

const MAX_LENGTH = 8192;

/** `GET /prometheus/graph?g0.expr=…`, where the generator links of alerts lead: the expression, and its values now. */
export function expressionPage({ PROMETHEUS_URL }: Env): Handler {
  return function expression(c) {
    const expr = c.req.query("g0.expr") ?? "";
    if (expr === "" || expr.length > MAX_LENGTH)
      throw new InvalidParamsError([
        { field: "g0.expr", value: expr.slice(0, 100), rule: `must have 1 to ${MAX_LENGTH} characters` },
      ]);
    const answer = `${PROMETHEUS_URL}/api/v1/query?${new URLSearchParams({ query: expr })}`;
    return c.html(
      page(
        "What the alert asks",
        html`<pre>${expr}</pre>
<p>${link(answer, "Its values at this moment")}, as Prometheus gives them (JSON). The alert fires while there are any.</p>`,
      ),
    );
  };
}
