import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { urls } from "../e2e/support/lab.ts";
import { value } from "../e2e/support/prometheus.ts";
import { call, GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { compose, composeWith, containersOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { longRunning, services } from "./services.ts";
import { addressOfContainer, succeededCalls, untilReady } from "./stack.ts";

/** The settings of docs/load-balancing.md, and those of docs/resilience.md for a killed container. */
const SCALE_SETTINGS = {
  SERVICE_A_GRPC_PORT: "",
  SERVICE_A_HTTP_PORT: "",
  UPSTREAM_DNS_MS: "500",
  UPSTREAM_RETRIES: "2",
  UPSTREAM_RETRY_BUDGET: "100",
  UPSTREAM_ATTEMPT_TIMEOUT_MS: "300",
};
const HELLO_REQUESTS = GATEWAY_REQUESTS.filter(({ service }) => service === "service-a");

describe("docker compose up --scale service-a=3", () => {
  let addresses: string[] = [];

  before(async () => {
    await composeWith(SCALE_SETTINGS, "up", "-d", "--no-build", "--scale", "service-a=3", ...services);
    await untilReady(longRunning);
    addresses = await Promise.all((await containersOf("service-a")).map(addressOfContainer));
  });
  after(async () => {
    await compose("up", "-d", "--no-build", ...services);
    await untilReady(longRunning);
    assert.equal((await containersOf("service-a")).length, 1);
  });

  const callsTo = async (ip: string, request: GatewayRequest) =>
    succeededCalls((await urls()).base(request), ip);

  const targets = async (filter = "") =>
    value((await urls()).prometheus, `count(up{service_name="service-a"}${filter})`);

  for (const request of HELLO_REQUESTS)
    it(`${request.gateway} calls all instances`, async () => {
      const base = (await urls()).base(request);
      assert.equal(addresses.length, 3);
      await eventually("calls to all", async () => {
        assert.equal((await call(base, request.path)).status, 200);
        const counts = await Promise.all(addresses.map((ip) => callsTo(ip, request)));
        return counts.every((count) => count > 0);
      });
    });

  it("Prometheus scrapes all", async () => {
    await within("three targets are up", 30_000, async () => (await targets(" == 1")) === 3);
  });

  it("one is killed: no request fails, it is no longer called or scraped, and is used again when it is back", async () => {
    const killed = (await containersOf("service-a")).at(-1) ?? assert.fail();
    const ip = await addressOfContainer(killed);
    const traffic = new Traffic({ rate: 30, requests: HELLO_REQUESTS, base: (await urls()).base });
    await eventually("traffic flows, and the retry budget has grown", async () => traffic.sent.length > 60);
    await docker("kill", killed); // unlike after killFromHost, the engine does not restart it
    const others = addresses.filter((each) => each !== ip);
    for (const request of HELLO_REQUESTS)
      await within(`${request.gateway} calls only the others`, 10_000, async () => {
        const before = await callsTo(ip, request);
        const start = await Promise.all(others.map((each) => callsTo(each, request)));
        await eventually("ten calls to each of the others", async () => {
          const now = await Promise.all(others.map((each) => callsTo(each, request)));
          return now.every((count, index) => count >= (start[index] ?? 0) + 10);
        });
        return (await callsTo(ip, request)) === before;
      });
    await within("two targets are left", 30_000, async () => (await targets()) === 2);
    await docker("start", killed);
    const again = await addressOfContainer(killed);
    const counts = await Promise.all(HELLO_REQUESTS.map((request) => callsTo(again, request)));
    for (const [index, request] of HELLO_REQUESTS.entries())
      await within(`${request.gateway} calls it again`, 20_000, async () => {
        return (await callsTo(again, request)) > (counts[index] ?? 0);
      });
    const sent = await traffic.stop();
    assert.deepEqual(
      sent.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${body}`),
      [],
    );
    await within("three targets are up again", 30_000, async () => (await targets(" == 1")) === 3);
  });
});
