import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSelector, SelectorError, selectorText, selects } from "./selector.ts";

describe("parseSelector", () => {
  for (const [query, selector] of [
    ["requests_total", "requests_total"],
    ["requests_total{}", "requests_total"],
    ["job:requests:sum{}", "job:requests:sum"],
    ['a{b="c",d!="e",f=~"5..|x",g!~"h.*"}', 'a{b="c",d!="e",f=~"5..|x",g!~"h.*"}'],
    ["a{b='c \"d\"',}", 'a{b="c \\"d\\""}'],
    ["a{b=`\\d+`}", 'a{b="\\\\d+"}'],
    ['a{b="\\x41\\102\\u0043\\U00000044\\t"}', 'a{b="ABCD\\t"}'],
    ['a{\n  b="c", # why\n  d="e"\n} # because', 'a{b="c",d="e"}'],
    ['a{route="/x/{id}",b="}"}', 'a{route="/x/{id}",b="}"}'],
    ['{__name__="a",b="c"}', 'a{b="c"}'],
    ['{"http.requests","http.route"="/x"}', '{"http.requests","http.route"="/x"}'],
    ['{"a",b="c"}', 'a{b="c"}'],
    ["a[5m]", "a"],
    ['rate(a{b="c"}[5m])', 'a{b="c"}'],
    ["sum(increase((a[1h30m])))", "a"],
    ["sum(rate(a[{{.window}}]))", "a"],
    ["sum(rate(a[{{ .window }}]))", "a"],
    ["sum(rate(a[$__rate_interval]))", "a"],
    [`increase(a[${"$"}{window}])`, "a"],
    ['sum(a{b="[$x]"})', 'a{b="[$x]"}'],
    ['x_bucket{le="0.25"}', 'x_bucket{le="0.25"}'],
    ["sum", "sum"],
  ] as const)
    it(`reads ${query.replaceAll("\n", "⏎")}`, () =>
      assert.equal(selectorText(parseSelector(query)), selector));

  for (const [query, message] of [
    ["", /^is empty: use/],
    ["# nothing", /^is not valid PromQL at the end/],
    ["{service_name=gateway}", /^the value of the label service_name must be in quotes .*: use "gateway"$/],
    ["a{b=c-d.e}", /^the value of the label b must be in quotes .*: use "c-d\.e"$/],
    ["a{b=~5..}", /^the value of the label b must be in quotes/],
    ["a{b=}", /^the value of the label b must be in quotes/],
    ['a{b:"c"}', /^is not valid PromQL near/],
    ['a{b=="c"}', /^is not valid PromQL near/],
    ['a{b="c"', /^is not valid PromQL at the end/],
    ['a{b="c"}}', /^is not valid PromQL near \}/],
    ['a{b="c" d="e"}', /^is not valid PromQL near d=/],
    ['a{b="c}', /^is not valid PromQL at the end/],
    ["a b", /^is not valid PromQL near b /],
    ["sum:http.hits{*}.as_count()", /^is not valid PromQL/],
    ["SELECT count(*) FROM requests", /^is not valid PromQL/],
    ["{}", /^has no metric name/],
    ['{b="c"}', /^has no metric name/],
    ['{__name__=~"a.*"}', /^must have one metric name/],
    ['a{__name__="b"}', /^must have one metric name/],
    ['{"a","b"}', /^has two metric names, a and b/],
    ['a{b="\\d"}', /^has an invalid string "\\d": PromQL has no escape \\d: use \\\\d/],
    ['a{b="\\xff"}', /^has an invalid string/],
    ['a{b="\\ud800"}', /^has an invalid string/],
    ['a{b=~"["}', /^the regular expression of the label b is not valid .* correct \[$/],
    ['a{b=~"x)|(y"}', /^the regular expression of the label b is not valid/],
    ['a{b="\\\n"}', /^has an invalid string/],
    ['a{b=~"(?!5)"}', /^the regular expression of the label b is not valid/],
    ['a{b!~"x{2000}"}', /^the regular expression of the label b is not valid/],
    ["x_bucket", /^selects all buckets .* use x_count$/],
    ["sum(rate(x_bucket[5m]))", /^selects all buckets/],
    ["a offset 5m", /; this query uses offset: a offset 5m$/],
    ["rate(a[5m] offset 1h)", /; this query uses offset/],
    ["a @ 1600000000", /; this query uses @/],
    ["a @ end()", /; this query uses @/],
    ["a[5m:1m]", /; this query is a subquery/],
    ["a + b", /; this query combines several expressions with \+/],
    ["sum(rate(a[5m])) / sum(rate(b[5m]))", /; this query combines several expressions with \//],
    ["a or b", /; this query combines several expressions with or/],
    ["a > 0", /; this query combines several expressions with >/],
    ["-a", /; this query starts with a sign/],
    ["42", /; this query selects no metric/],
    ['"text"', /; this query selects no metric/],
    ["sum by (code) (rate(a[5m]))", /; this query groups the events with by \(code\)/],
    ["sum(a) without (code)", /; this query groups the events with without \(code\)/],
    ["avg(a)", /; this query aggregates with avg\(\)/],
    ["count(a)", /; this query aggregates with count\(\)/],
    ["topk(3, a)", /; this query aggregates with topk\(\)/],
    ["sum(a, b)", /; this query calls sum\(\) with 2 arguments/],
    ["irate(a[5m])", /; this query calls irate\(\)/],
    ["histogram_quantile(0.99, rate(a[5m]))", /; this query calls histogram_quantile\(\)/],
    ["count_over_time(a[5m])", /; this query calls count_over_time\(\)/],
    ["rate((a))", /; this query calls rate\(\) without a range/],
    ["rate(a)", /; this query calls rate\(\) without a range/],
    ["vector(1)", /; this query calls vector\(\)/],
  ] as const)
    it(`rejects ${query || "an empty query"} with one sentence`, () =>
      assert.throws(
        () => parseSelector(query),
        (error) => {
          assert.ok(error instanceof SelectorError, String(error));
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        },
      ));

  it("escapes characters that YAML does not allow", () =>
    assert.equal(
      selectorText(parseSelector('a{b="\\u0085\\u007f\\u2028"}')),
      'a{b="\\u0085\\u007f\\u2028"}',
    ));
});

describe("selects", () => {
  const series = { metric: "a", labels: { code: "503" } };
  for (const [query, expected] of [
    ["a", true],
    ["b", false],
    ['a{code="503"}', true],
    ['a{code="50"}', false],
    ['a{code=~"5.."}', true],
    ['a{code=~"5."}', false],
    ['a{code=~"4..|503"}', true],
    ['a{code=~"4..|50"}', false],
    ['a{code!~"4.."}', true],
    ['a{code!~"4..|5.."}', false],
    ['a{code!="503"}', false],
    ['a{other=""}', true],
    ['a{other!=""}', false],
    ['a{other=~".+"}', false],
  ] as const)
    it(`${query}: ${expected}`, () => assert.equal(selects(parseSelector(query), series), expected));
});
