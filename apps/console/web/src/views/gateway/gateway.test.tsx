import type { GatewayInstance, GatewayRoute, GatewayState } from "@lgtm-lab/contracts";
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import Gateway from "./index.tsx";

const instance = (address: string, more: Partial<GatewayInstance> = {}): GatewayInstance => ({
  address,
  breaker: "closed",
  ejected: false,
  active_calls: 0,
  latency_ms: null,
  ...more,
});

const route: GatewayRoute = {
  path: "/a/hello",
  methods: ["GET", "HEAD"],
  upstream: "service-a",
  timeout_ms: 2000,
  adds_stream_time: false,
  retries: null,
  limits: { running: 64, waiting: 500 },
  stream_limits: null,
  rate_limit: null,
  cache_ms: null,
  fallback: false,
  scope: null,
};

const state = (instances: GatewayInstance[], more: Partial<GatewayRoute> = {}): GatewayState => ({
  protocol: "grpc",
  upstreams: [{ name: "service-a", balancing: "least-time", instances }],
  routes: [{ ...route, ...more }],
});

const entry = (name: string, given: GatewayState) => ({
  name,
  address: "http://127.0.0.1:9900",
  state: given,
});

function show(...entries: object[]) {
  serve({ "/api/gateways": entries });
  return renderAt("/gateway", <Gateway />);
}

const rows = async () => (await screen.findAllByTestId("instance")).map(({ textContent }) => textContent);

test("each instance shows its state, its calls in progress and its latency", async () => {
  show(
    entry(
      "gateway",
      state([
        instance("10.0.0.1:50051", { active_calls: 3, latency_ms: 4.23 }),
        instance("10.0.0.2:50051", { breaker: "open", latency_ms: 412 }),
        instance("10.0.0.3:50051", { breaker: "half-open", ejected: true }),
        instance("10.0.0.4:50051", { breaker: null, ejected: true }),
        instance("http://10.0.0.5:50061", { breaker: null, ejected: null, active_calls: null }),
      ]),
    ),
  );
  expect(await rows()).toEqual([
    "10.0.0.1:50051in use34.2 ms",
    "10.0.0.2:50051breaker open0410 ms",
    "10.0.0.3:50051breaker half-openejected0–",
    "10.0.0.4:50051ejected0–",
    "10.0.0.5:50061always used––",
  ]);
  expect(screen.getByText("least-time").className).toContain("muted");
});

test("gateways with the same routes share a table; others have their own", async () => {
  const one = entry("gateway", state([]));
  show(one, entry("gateway-rest", state([])));
  expect((await screen.findByTestId("routes")).querySelector("caption")?.textContent).toBe(
    "gatewaygateway-rest",
  );
  document.body.replaceChildren();
  show(one, entry("gateway-rest", state([], { retries: 2 })));
  expect(await screen.findAllByTestId("routes")).toHaveLength(2);
});

test("a route shows what is configured, and what is off", async () => {
  show(
    entry(
      "gateway",
      state([], {
        path: "/b/numbers",
        adds_stream_time: true,
        retries: 2,
        stream_limits: { running: 500, waiting: 1000 },
        rate_limit: { per_second: 20, burst: 50, key: "client-address" },
        scope: "numbers",
      }),
    ),
  );
  const table = await screen.findByTestId("routes");
  const cells = within(table)
    .getAllByRole("cell")
    .map(({ textContent }) => textContent);
  expect(cells).toEqual([
    "service-a",
    "2 s+ requested time",
    "2",
    "64 running, 500 waitinglong requests: 500 running, 1,000 waiting",
    "20/s, 50 at onceby client-address",
    "off",
    "off",
    "numbers",
  ]);
});

test("a gateway that does not respond shows the reason; several processes show their addresses", async () => {
  const second = { ...entry("gateway", state([])), address: "http://10.1.0.2:9900" };
  const down = { name: "gateway-rest", address: "http://127.0.0.1:9901", problem: "no service listens" };
  show(entry("gateway", state([])), second, down);
  expect(await screen.findByText("10.1.0.2:9900")).toBeTruthy();
  expect(screen.getByTestId("gateway-gateway-rest").textContent).toContain("no service listens");
});

test("the view shows loading, an error, and that no gateway responds", async () => {
  serve({ "/api/gateways": pending });
  const loading = renderAt("/gateway", <Gateway />);
  expect(screen.getByText("Loading…")).toBeTruthy();
  loading.unmount();
  serve({ "/api/gateways": problem(500, "it failed") });
  const failed = renderAt("/gateway", <Gateway />);
  expect((await screen.findByRole("alert")).textContent).toContain("it failed");
  failed.unmount();
  show({ name: "gateway", address: "http://127.0.0.1:9900", problem: "no service listens" });
  expect(await screen.findByText("No gateway responds.")).toBeTruthy();
});
