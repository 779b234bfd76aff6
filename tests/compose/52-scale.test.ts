import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { urls } from "../e2e/support/lab.ts";
import { value } from "../e2e/support/prometheus.ts";
import { call, GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { compose, composeWith, containersOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { longRunning, services } from "./services.ts";
import { addressOfContainer, untilReady } from "./stack.ts";

/** As in docs/load-balancing.md. */
const SEVERAL = { SERVICE_A_GRPC_PORT: "", SERVICE_A_HTTP_PORT: "", UPSTREAM_DNS_MS: "500" };
const HELLO_REQUESTS = GATEWAY_REQUESTS.filter(({ service }) => service === "service-a");

describe("docker compose up --scale service-a=2", () => {
  let addresses: string[] = [];

  before(async () => {
    await composeWith(SEVERAL, "up", "-d", "--no-build", "--scale", "service-a=2", ...services);
    await untilReady(longRunning);
    addresses = await Promise.all((await containersOf("service-a")).map(addressOfContainer));
  });
  after(async () => {
    await compose("up", "-d", "--no-build", ...services);
    await untilReady(longRunning);
    assert.equal((await containersOf("service-a")).length, 1);
  });

  const targetsUp = async () => value((await urls()).prometheus, 'count(up{service_name="service-a"} == 1)');

  for (const request of HELLO_REQUESTS)
    it(`${request.gateway} calls both instances`, async () => {
      const base = (await urls()).base(request);
      await eventually("calls to both", async () => {
        assert.equal((await call(base, request.path)).status, 200);
        const metrics = await (await fetch(`${base}/metrics`)).text();
        const called = metrics
          .split("\n")
          .filter((line) => line.startsWith("gateway_upstream_calls_total{") && !line.endsWith(" 0"));
        return (
          addresses.length === 2 && addresses.every((ip) => called.some((line) => line.includes(`${ip}:`)))
        );
      });
    });

  it("Prometheus scrapes both", async () => {
    await within("two targets are up", 30_000, async () => (await targetsUp()) === 2);
  });

  it("an instance that has stopped is no longer a target", async () => {
    await docker("stop", (await containersOf("service-a")).at(-1) ?? assert.fail());
    const { prometheus } = await urls();
    const targets = () => value(prometheus, 'count(up{service_name="service-a"})');
    await within("one target is left", 30_000, async () => (await targets()) === 1);
  });
});
