import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import type { Fault } from "../../api/faults.ts";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import { FaultCard } from "./fault-card.tsx";
import Faults from "./index.tsx";

const NOW = 1_795_000_000_000;
const slowB: Fault = {
  name: "slow-b",
  effect: "makes calls to B slow",
  until: undefined,
  unavailableReason: undefined,
};

function card(fault: Partial<Fault> = {}, more: object = {}) {
  const on = { start: vi.fn(), stop: vi.fn(), watch: vi.fn() };
  renderAt(
    "/faults",
    <FaultCard
      fault={{ ...slowB, ...fault }}
      now={NOW}
      busy={false}
      shown={false}
      forWords="2 min"
      onStart={on.start}
      onStop={on.stop}
      onWatch={on.watch}
      {...more}
    />,
  );
  return on;
}

test("an inactive fault shows its effect and what to expect, and can be started", () => {
  const on = card();
  const item = screen.getByTestId("fault-card-slow-b");
  expect(item.dataset.active).toBe("false");
  expect(item.textContent).toContain("Makes calls to B slow.");
  expect(screen.getByText("SloPaceBurn").getAttribute("href")).toBe("/alerts?q=SloPaceBurn");
  fireEvent.click(screen.getByRole("button", { name: /Start slow-b\s*for 2 min/ }));
  expect(on.start).toHaveBeenCalledOnce();
});

test("an active fault shows the remaining time, and can be watched and stopped", () => {
  const on = card({ until: NOW + 65_000 });
  expect(screen.getByTestId("fault-card-slow-b").dataset.active).toBe("true");
  expect(screen.getByText("1:05").className).toBe("number");
  fireEvent.click(screen.getByRole("button", { name: "Watch slow-b" }));
  fireEvent.click(screen.getByRole("button", { name: "Stop slow-b" }));
  expect([on.watch, on.stop, on.start].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0]);
});

test("an unavailable fault has no button; the button is disabled during a change", () => {
  card({ unavailableReason: "service-b does not run" });
  expect(screen.getByText("service-b does not run").className).toBe("muted");
  expect(screen.queryByRole("button")).toBeNull();
  card({ name: "slow-a" }, { busy: true });
  expect(screen.getByRole<HTMLButtonElement>("button", { name: /Start slow-a/ }).disabled).toBe(true);
});

const lines = { "/api/loki/query_range": { data: { resultType: "streams", result: [] } } };

test("the view shows loading, an error, and that no fault was set", async () => {
  serve({ ...lines, "/api/faults": pending });
  const loading = renderAt("/faults", <Faults />);
  expect(screen.getAllByText("Loading…").length).toBeGreaterThan(0);
  loading.unmount();
  serve({ ...lines, "/api/faults": problem(503, "no admin port is reachable") });
  const failed = renderAt("/faults", <Faults />);
  expect((await screen.findByRole("alert")).textContent).toContain("no admin port is reachable");
  failed.unmount();
  serve({ ...lines, "/api/faults": [] });
  renderAt("/faults", <Faults />);
  await waitFor(() => expect(screen.getByTestId("fault-timeline").textContent).not.toContain("Loading"));
});

test("Start sets the fault for the chosen time", async () => {
  const bodies: unknown[] = [];
  const state = { name: "slow-b", effect: "makes calls to B slow", until: null };
  const { requests } = serve({
    ...lines,
    "/api/config": { grafana: null, token: "secret" },
    "/api/faults": [state],
    "/api/faults/slow-b": (_: URL, init?: RequestInit) => {
      bodies.push(JSON.parse(String(init?.body)));
      return [{ ...state, until: new Date(Date.now() + 60_000).toISOString() }];
    },
  });
  renderAt("/faults", <Faults />);
  fireEvent.click(await screen.findByRole("button", { name: "1 min" }));
  fireEvent.click(await screen.findByRole("button", { name: /Start slow-b\s*for 1 min/ }));
  await waitFor(() => expect(requests).toContain("PUT /api/faults/slow-b"));
  expect(bodies).toEqual([{ for_ms: 60_000 }]);
  await screen.findByText(/slow-b is active for 1 min/);
  expect(location.search).toContain("fault=slow-b");
});
