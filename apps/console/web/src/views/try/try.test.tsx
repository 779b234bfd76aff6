import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, renderHook, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import { batch, otlpSpan } from "../../test/spans.ts";
import Try from "./index.tsx";
import { useEvidence } from "./use-evidence.ts";

const TRACE = "c04e19f4de6b7454819f693f1c576087";
const backends = {
  "/api/config": { grafana: null, token: "secret" },
  "/api/tempo/traces": {
    batches: [
      batch("gateway", otlpSpan("a", undefined, 0, 40, { kind: 2 })),
      batch("service-a", otlpSpan("b", "a", 10, 30, { kind: 2 })),
    ],
  },
  "/api/loki/query_range": {
    data: {
      resultType: "streams",
      result: ["gateway", "service-a"].map((service_name) => ({
        stream: { service_name, level: "info", trace_id: TRACE },
        values: [["1795000000000000000", `${service_name} says hello`]],
      })),
    },
  },
  "/api/prometheus/query": {
    data: {
      resultType: "vector",
      result: [
        { metric: { le: "0.025" }, value: [0, "6"] },
        { metric: { le: "0.05" }, value: [0, "10"] },
        { metric: { le: "+Inf" }, value: [0, "10"] },
      ],
    },
  },
};
const hello = () =>
  new Response(JSON.stringify({ from: "A", message: "Olá, Ana! [A]" }), {
    headers: {
      "content-type": "application/json",
      "x-trace-id": TRACE,
      "server-timing": 'total;dur=40, upstream;dur=20, sent;desc="120", received;desc="20000"',
    },
  });

test("before the first request the view explains the telemetry of a request", () => {
  serve(backends);
  renderAt("/", <Try />);
  expect(screen.getByTestId("form-a").textContent).toContain("Ask service A");
  expect(screen.getByText("Compared with all requests").tagName).toBe("H2");
  expect(screen.queryByTestId("response-grpc")).toBeNull();
});

test("the view shows that it waits for the response", async () => {
  serve({ ...backends, "/api/try/a/hello": pending });
  renderAt("/", <Try />);
  fireEvent.click(screen.getByTestId("send-a"));
  expect((await screen.findByTestId("response-grpc")).dataset.state).toBe("running");
  expect(screen.getByTestId("response-grpc").textContent).toContain("Waiting for the response");
});

test("a request is sent with the token, and its response, trace, log lines and comparison are shown", async () => {
  const sent: (string | null)[] = [];
  const { requests } = serve({
    ...backends,
    "/api/try/a/hello": (_: URL, init?: RequestInit) => {
      sent.push(new Headers(init?.headers).get("x-lab-token"));
      return hello();
    },
  });
  renderAt("/?name=Ana", <Try />);
  fireEvent.click(screen.getByTestId("send-a"));
  expect(await screen.findByText("Olá, Ana! [A]")).toBeTruthy();
  await waitFor(() => {
    expect(screen.getByTestId("trace").dataset.state).toBe("found");
    expect(screen.getByTestId("lines").dataset.state).toBe("found");
    expect(screen.getByTestId("place").textContent).toBe(
      "Your request took 40 ms. 40 % of 10 are in the same bucket, 60 % were faster.",
    );
  });
  expect(sent).toEqual(["secret"]);
  expect(requests).toContain("POST /api/try/a/hello?backend=grpc&name=Ana");
  expect(screen.getByTestId("response-grpc").textContent).toContain("120 B sent and 20.0 kB received");
  expect(screen.getAllByTestId("span")).toHaveLength(2);
  expect(screen.getAllByTestId("line")).toHaveLength(2);
  expect(location.search).toContain(`trace=${TRACE}`);
});

test("a rejected request shows the problem document", async () => {
  serve({
    ...backends,
    "/api/try/b/numbers": problem(400, "count must be a whole number", { trace_id: TRACE }),
  });
  renderAt("/?count=x", <Try />);
  fireEvent.click(screen.getByTestId("send-b"));
  const refusal = await screen.findByTestId("problem");
  expect(refusal.textContent).toContain("400");
  expect(refusal.textContent).toContain("count must be a whole number");
});

test("a backend that fails is named, and the query can be retried", async () => {
  serve({
    ...backends,
    "/api/try/a/hello": hello,
    "/api/tempo/traces": problem(503, "Tempo cannot be reached"),
  });
  renderAt("/", <Try />);
  fireEvent.click(screen.getByTestId("send-a"));
  await waitFor(() => expect(screen.getByTestId("trace").dataset.state).toBe("failed"));
  expect(screen.getByTestId("trace").textContent).toContain("Tempo cannot be reached");
  serve({ ...backends, "/api/try/a/hello": hello });
  fireEvent.click(screen.getByText("Try again"));
  await waitFor(() => expect(screen.getByTestId("trace").dataset.state).toBe("found"));
});

/** Runs the hook with fake timers. Each look returns the next entry of `missing`, and repeats the last one. */
function follow(missing: readonly (readonly string[])[]) {
  vi.useFakeTimers();
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  let looks = 0;
  const look = vi.fn(async () => ({
    value: ++looks,
    missing: missing[Math.min(looks, missing.length) - 1] ?? [],
  }));
  const { result } = renderHook(() => useEvidence(["test"], look), {
    wrapper: ({ children }) => <QueryClientProvider client={queries}>{children}</QueryClientProvider>,
  });
  const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  return { result, look, pass };
}

test("evidence is fetched every 150 ms until nothing is missing", async () => {
  const { result, look, pass } = follow([["root", "b"], ["b"], []]);
  expect(result.current.state).toBe("waiting");
  await pass(1);
  expect(result.current).toMatchObject({ state: "waiting", value: 1, missing: ["root", "b"] });
  await pass(150);
  expect(result.current).toMatchObject({ state: "waiting", value: 2, missing: ["b"] });
  await pass(150);
  expect(result.current).toMatchObject({ state: "found", value: 3, missing: [] });
  expect(result.current.took).toBeGreaterThanOrEqual(300);
  await pass(5000);
  expect(look).toHaveBeenCalledTimes(3);
});

test("after ten seconds the evidence is late and keeps its partial result; a retry starts again", async () => {
  const { result, look, pass } = follow([["b"]]);
  await pass(12_000);
  expect(result.current).toMatchObject({ state: "late", missing: ["b"] });
  const before = look.mock.calls.length;
  expect(before).toBeGreaterThan(50);
  await pass(5000);
  expect(look).toHaveBeenCalledTimes(before);
  act(() => result.current.again());
  await pass(200);
  expect(result.current.state).toBe("waiting");
  expect(look.mock.calls.length).toBeGreaterThan(before);
});
