import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { problemDocument } from "@lgtm-lab/contracts";
import * as v from "valibot";
import { brokenGrpcB, brokenRestB } from "./fixtures/broken-b.ts";
import { lab, pidOf, urls } from "./support/lab.ts";
import { call, GATEWAY_REQUESTS } from "./support/requests.ts";
import { eventually } from "./support/within.ts";

const SERVICES = ["service-a", "service-b"] as const;

async function allBack(): Promise<void> {
  const stack = await lab();
  for (const service of SERVICES) await stack.startComponent(service);
  for (const request of GATEWAY_REQUESTS) {
    await eventually(`${request.gateway} reaches ${request.service}`, async () => {
      return (await call(stack.address(request.gateway), request.path)).status === 200;
    });
  }
}

async function problem(gateway: string, path: string, init?: RequestInit) {
  const stack = await lab();
  const response = await call(stack.address(gateway), path, init);
  const document = v.parse(problemDocument, response.json());
  assert.equal(document.status, response.status);
  assert.equal(document.trace_id, response.traceId);
  return document;
}

describe("a service behind the gateways that is down", () => {
  after(allBack);
  for (const service of SERVICES) {
    it(`${service}: 503, and the gateway stays ready while the other answers`, async () => {
      const stack = await lab();
      await stack.stopComponent(service);
      for (const request of GATEWAY_REQUESTS.filter((each) => each.service === service)) {
        const { status, type } = await problem(request.gateway, request.path);
        assert.equal(status, 503);
        assert.match(type, /backend-down$/);
        const ready = await fetch(`${stack.address(request.gateway)}/readyz`);
        assert.equal(ready.status, 200);
        assert.equal(((await ready.json()) as Record<string, string>)[service], "down");
      }
      await allBack();
    });
  }

  it("both: the gateway is not ready, but alive", async () => {
    const stack = await lab();
    for (const service of SERVICES) await stack.stopComponent(service);
    for (const gateway of ["gateway", "gateway-rest"]) {
      assert.equal((await fetch(`${stack.address(gateway)}/readyz`)).status, 503);
      assert.equal((await fetch(`${stack.address(gateway)}/healthz`)).status, 200);
    }
  });
});

describe("a service behind the gateways that is too slow", () => {
  after(allBack);
  for (const service of SERVICES) {
    it(`${service}: 504 after its deadline`, async () => {
      // A stopped process still has its listener: connections succeed, but there is no response.
      const pid = await pidOf(service);
      process.kill(pid, "SIGSTOP");
      try {
        const requests = GATEWAY_REQUESTS.filter((each) => each.service === service);
        await Promise.all(
          requests.map(async (request) => {
            const start = performance.now();
            const { status, type } = await problem(request.gateway, request.path);
            assert.equal(status, 504);
            assert.match(type, /backend-too-slow$/);
            assert.ok(performance.now() - start >= 1_990, "it gave up before the deadline");
          }),
        );
      } finally {
        process.kill(pid, "SIGCONT");
      }
    });
  }
});

describe("a service behind the gateways that is broken", () => {
  const servers: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  after(allBack);

  const replaceB = async (mode: "at-once" | "half-way" | "short" | "garbage") => {
    const stack = await lab();
    await stack.stopComponent("service-b");
    servers.push(await brokenGrpcB(stack.ports.SERVICE_B_GRPC_PORT, mode));
    servers.push(await brokenRestB(stack.ports.SERVICE_B_HTTP_PORT, mode));
  };

  for (const mode of ["at-once", "half-way", "short", "garbage"] as const) {
    it(`${mode}: 502, never a short 200`, async () => {
      await replaceB(mode);
      const { base } = await urls();
      for (const gateway of ["gateway", "gateway-rest"]) {
        await eventually(`${gateway} reaches the broken B`, async () => {
          const { status } = await call(base({ gateway } as never), "/b/numbers?count=5");
          return status !== 503;
        });
        const document = await problem(gateway, "/b/numbers?count=5");
        assert.equal(document.status, 502, `${gateway}: ${JSON.stringify(document)}`);
        assert.match(document.type, /backend-broken$/);
      }
    });
  }

  it("in the middle of an event stream: an error event with the problem document", async () => {
    await replaceB("half-way");
    const { base } = await urls();
    for (const gateway of ["gateway", "gateway-rest"]) {
      const init = { headers: { accept: "text/event-stream" } };
      const response = await eventually(`${gateway} reaches the broken B`, async () => {
        const each = await call(base({ gateway } as never), "/b/numbers?count=5", init);
        return each.status === 200 && each;
      });
      const data = /event: error\ndata: (.*)\n/.exec(response.text)?.[1] ?? assert.fail(response.text);
      const document = v.parse(problemDocument, JSON.parse(data));
      assert.equal(document.status, 502);
      assert.equal(document.trace_id, response.traceId);
      assert.ok(!response.text.includes("event: end"));
    }
  });
});
