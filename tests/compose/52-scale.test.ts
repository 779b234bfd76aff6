import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { urls } from "../e2e/support/lab.ts";
import { value } from "../e2e/support/prometheus.ts";
import { call, GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { compose, composeWith, containersOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { lasting, services } from "./services.ts";
import { addressOfContainer, untilReady } from "./stack.ts";

/** As in docs/load-balancing.md. The retries hide a killed instance until the gateways have resolved the name again. */
const SEVERAL = {
  SERVICE_A_GRPC_PORT: "",
  SERVICE_A_HTTP_PORT: "",
  UPSTREAM_DNS_MS: "500",
  UPSTREAM_RETRIES: "2",
  UPSTREAM_RETRY_BUDGET: "100",
};
const HELLO_REQUESTS = GATEWAY_REQUESTS.filter(({ service }) => service === "service-a");
const REQUESTS = 40;

describe("docker compose up --scale service-a=2", () => {
  let instances: { readonly id: string; readonly ip: string }[] = [];

  before(async () => {
    await composeWith(SEVERAL, "up", "-d", "--no-build", "--scale", "service-a=2", ...services);
    await untilReady(lasting);
    const ids = await containersOf("service-a");
    instances = await Promise.all(ids.map(async (id) => ({ id, ip: await addressOfContainer(id) })));
  });
  after(async () => {
    await compose("up", "-d", "--no-build", ...services);
    await untilReady(lasting);
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
          instances.length === 2 && instances.every(({ ip }) => called.some((line) => line.includes(ip)))
        );
      });
    });

  it("Prometheus scrapes both", async () => {
    await within("two targets are up", 30_000, async () => (await targetsUp()) === 2);
  });

  it("an instance that is killed costs no request, and is no target any more", async () => {
    const { id } = instances.at(-1) ?? assert.fail();
    const at = await urls();
    await docker("kill", id);
    for (const request of HELLO_REQUESTS) {
      const statuses: number[] = [];
      for (let sent = 0; sent < REQUESTS; sent += 1)
        statuses.push((await call(at.base(request), request.path)).status);
      assert.deepEqual([...new Set(statuses)], [200], request.gateway);
    }
    await within("one target is up", 30_000, async () => (await targetsUp()) === 1);
  });
});
