import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import type { DashboardEntry } from "../../../../shared/api.ts";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import DashboardList from "./index.tsx";

const entry = (uid: string, more: Partial<DashboardEntry> = {}): DashboardEntry => ({
  uid,
  title: uid,
  description: "",
  tags: [],
  ...more,
});

test("the view shows that the list is loading", () => {
  serve({ "/api/dashboards": pending });
  renderAt("/dashboards", <DashboardList />);
  expect(screen.getByText("Loading…").tagName).toBe("P");
});

test("an empty folder and an error are shown", async () => {
  serve({ "/api/dashboards": [] });
  const empty = renderAt("/dashboards", <DashboardList />);
  await screen.findByText("There is no dashboard in that folder.");
  empty.unmount();
  serve({ "/api/dashboards": problem(500, "the folder cannot be read") });
  renderAt("/dashboards", <DashboardList />);
  expect((await screen.findByRole("alert")).textContent).toBe("the folder cannot be read");
});

test("lists the lab's dashboards in order, then others by title, each with question, tags and problem", async () => {
  serve({
    "/api/dashboards": [
      entry("zebra", { problem: "zebra.json is not JSON" }),
      entry("lab-slo", { description: "Are the objectives met? By objective.", tags: ["slo"] }),
      entry("apple"),
      entry("lab-overview"),
    ],
  });
  renderAt("/dashboards", <DashboardList />);
  const links = await screen.findAllByRole("link");
  expect(links.map((link) => link.getAttribute("href"))).toEqual([
    "/d/lab-overview",
    "/d/lab-slo",
    "/d/apple",
    "/d/zebra",
  ]);
  expect(screen.getByText("Are the objectives met?").className).toBe("question");
  expect(screen.getByText("By objective.").className).toBe("muted");
  expect(screen.getByText("slo").className).toBe("badge");
  expect(screen.getByText("zebra.json is not JSON").className).toBe("problem");
});
