import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderAt } from "../test/render.tsx";
import { BOXES, RINGS } from "./appearance.tsx";
import type { Call } from "./calls.ts";
import { ServiceMapDrawing } from "./drawing.tsx";

const call = (client: string, server: string, failed = 0): Call => ({
  client,
  server,
  perSecond: 2,
  seconds: 0.25,
  failed,
});

for (const [name, appearance, room] of [
  ["boxes", BOXES, undefined],
  ["rings", RINGS, { width: 500, height: 300 }],
] as const) {
  const draw = (calls: readonly Call[]) =>
    renderAt(
      "/",
      <ServiceMapDrawing
        calls={calls}
        appearance={appearance}
        label="Map"
        {...(room && { room })}
        hrefOf={(node) => (node.isCalled ? `/traces?service=${node.name}` : undefined)}
      />,
    );

  test(`${name}: draws each call between two services, and links the services that are called`, () => {
    draw([call("user", "a"), call("a", "b", 0.5), { ...call("a", "c"), failed: undefined }, call("b", "b")]);
    const edges = [...screen.getByRole("group", { name: "Map" }).querySelectorAll<SVGGElement>(".map-edge")];
    expect(edges.map(({ dataset }) => dataset.failed)).toEqual(["false", "true", "unknown"]);
    expect(edges.every(({ textContent }) => textContent?.includes("2.0/s"))).toBe(true);
    expect(edges.some(({ innerHTML }) => innerHTML.includes("NaN"))).toBe(false);
    expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(
      ["a", "b", "c"].map((service) => `/traces?service=${service}`),
    );
    expect(screen.queryByRole("status")).toBeNull();
  });

  test(`${name}: says how many of many services are drawn`, () => {
    draw(Array.from({ length: 99 }, (_, index) => call("a", `b${index}`)));
    expect(screen.getByRole("status").textContent).toBe(
      "Only 60 of 100 services and 59 of 99 calls are drawn.",
    );
    expect(document.querySelectorAll(".map-node")).toHaveLength(60);
  });
}
