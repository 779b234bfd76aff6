import type { Protocol } from "@lgtm-lab/contracts";
import type { Page } from "@playwright/test";
import { shoot } from "./support/screenshots.ts";
import { expect, test } from "./support/test.ts";
import { assertWithin } from "./support/time.ts";

const PROMISED_MS = 2000;
const GATEWAY = { grpc: "gateway", rest: "gateway-rest" };

/** Sends the request, and returns the time at which the response was complete. */
async function send(page: Page, to: "a" | "b", protocols: readonly Protocol[]): Promise<number> {
  await page.getByTestId(`send-${to}`).click();
  for (const protocol of protocols)
    await expect(page.getByTestId(`response-${protocol}`)).toHaveAttribute("data-state", "done");
  return performance.now();
}

/** Checks that all telemetry of the request is shown below its response, without a click. */
async function evidence(page: Page, to: "a" | "b", protocol: Protocol, since: number): Promise<void> {
  const follow = page.getByTestId(`follow-${protocol}`);
  for (const name of ["trace", "lines"]) {
    await expect(follow.getByTestId(name)).toHaveAttribute("data-state", "found");
    assertWithin(`service ${to} over ${protocol}: its ${name}`, performance.now() - since, PROMISED_MS);
  }
  for (const service of [GATEWAY[protocol], `service-${to}`]) {
    await expect(follow.locator(`[data-testid=span][data-service=${service}]`).first()).toBeVisible();
    await expect(follow.locator(`[data-testid=line][data-service=${service}]`).first()).toBeVisible();
  }
  await expect(follow.getByTestId("place")).toContainText("Your request took");
  assertWithin(
    `service ${to} over ${protocol}: its place in the histogram`,
    performance.now() - since,
    PROMISED_MS,
  );
}

for (const protocol of ["grpc", "rest"] as const) {
  test(`a greeting over ${protocol} is followed`, async ({ page }) => {
    await page.goto("/");
    await page.getByTestId(`protocol-${protocol}`).click();
    await page.getByLabel("Name").fill("Ana");
    const since = await send(page, "a", [protocol]);
    const greeting = protocol === "grpc" ? "Olá, Ana! [A]" : "Olá, Ana! [A-REST]";
    await expect(page.getByTestId(`response-${protocol}`)).toContainText(greeting);
    await evidence(page, "a", protocol, since);
  });

  test(`numbers over ${protocol} arrive one by one, and are followed`, async ({ page }) => {
    await page.goto("/");
    await page.getByTestId(`protocol-${protocol}`).click();
    await page.getByLabel("Count").fill("8");
    await page.getByLabel("Pause between numbers").fill("250");
    await page.getByTestId("send-b").click();
    const numbers = page.getByTestId("numbers");
    await expect(numbers).toHaveAttribute("data-count", /^[1-6]$/);
    await expect(page.getByTestId(`response-${protocol}`)).toHaveAttribute("data-state", "running");
    await expect(page.getByTestId(`response-${protocol}`)).toHaveAttribute("data-state", "done");
    const since = performance.now();
    await expect(numbers).toHaveAttribute("data-count", "8");
    await evidence(page, "b", protocol, since);
  });
}

test("gRPC and REST are shown side by side, with milliseconds and bytes", async ({ page }) => {
  await page.goto("/?via=both&name=Ana");
  const since = await send(page, "a", ["grpc", "rest"]);
  const compare = page.getByTestId("compare");
  await expect(compare.getByRole("row", { name: /Time in the gateway/ })).toContainText(/ms/);
  await expect(compare.getByRole("row", { name: /Sent to the service/ })).toContainText(/\d+ B/);
  for (const protocol of ["grpc", "rest"] as const) await evidence(page, "a", protocol, since);
  await shoot(page, "side-by-side");
});

test("a selected span shows its attributes, and the address shows the request again", async ({ page }) => {
  await page.goto("/?name=Ana");
  const since = await send(page, "a", ["grpc"]);
  await evidence(page, "a", "grpc", since);
  await shoot(page, "try-it", 1250);
  await page.locator("[data-testid=span][data-service=service-a]").first().click();
  await expect(page.getByTestId("span-panel")).toContainText("rpc.");
  const address = page.url();
  expect(address).toMatch(/[?&]trace=[0-9a-f]{32}/);
  await page.goto("/dashboards");
  await page.goto(address);
  await expect(page.getByTestId("shared-grpc")).toBeVisible();
  await expect(page.getByTestId("waterfall")).toBeVisible();
});

test("a stream is cancelled, and its trace is shown", async ({ page }) => {
  await page.goto("/?count=50&delay_ms=500");
  await page.getByTestId("send-b").click();
  await expect(page.getByTestId("numbers")).toHaveAttribute("data-count", /^[1-9]$/);
  await page.getByTestId("cancel").click();
  await expect(page.getByTestId("response-grpc")).toHaveAttribute("data-state", "cancelled");
  await expect(page.getByTestId("trace")).toHaveAttribute("data-state", "found");
});

test("a rejected request is shown with the gateway's text", async ({ page, monitor }) => {
  monitor.allow(/\b400\b.*\/api\/try\//);
  await page.goto("/?count=0");
  await page.getByTestId("send-b").click();
  await expect(page.getByTestId("problem")).toContainText(/\b400\b/);
  await expect(page.getByTestId("problem")).toContainText("count");
  await expect(page.getByTestId("trace")).toHaveAttribute("data-state", "found");
});
