import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { DEFAULT_PORTS, HOST } from "../ports.ts";
import { type ComponentContext, portsOf } from "./component.ts";
import { COMPONENTS } from "./index.ts";
import { furtherInstances, namesWithInstances, parseScale, withInstances } from "./scale.ts";

test("--scale names services and their numbers of instances", () => {
  assert.deepEqual(parseScale([]), {});
  assert.deepEqual(parseScale(["service-a=3", "service-b=16"]), { "service-a": 3, "service-b": 16 });
  assert.deepEqual(parseScale(["service-a=1"], { SERVICE_A_GRPC: "a:1" }), { "service-a": 1 });
});

const whole = /must be a whole number from 1 to 16\.$/;
for (const [value, why] of [
  ["service-a", /--scale service-a is not valid: write the service and its number of instances, such as/],
  ["service-a=0", whole],
  ["service-a=17", whole],
  ["service-a=-1", whole],
  ["service-a=1.5", whole],
  ["service-a=", whole],
  ["service-a=two", whole],
  [
    "gateway=2",
    /gateway cannot be scaled: only services behind the gateways .*Available: service-a, service-b\.$/,
  ],
  ["loki=3", /loki cannot be scaled/],
  ["servica-a=2", /Unknown service "servica-a"\. Available: service-a, service-b\. Did you mean service-a\?/],
  ["=2", /Unknown service ""/],
] as const)
  test(`--scale ${value} is rejected, with the fix`, () => {
    assert.throws(() => parseScale([value]), { name: "LabError", message: why });
  });

test("a service that is given twice is rejected", () => {
  assert.throws(() => parseScale(["service-a=2", "service-a=3"]), /--scale service-a is given twice/);
});

test("addresses that the user set are rejected, because the gateways would call only those", () => {
  const given = { SERVICE_B_REST: "http://b:1" };
  assert.throws(
    () => parseScale(["service-b=2"], given),
    /no effect while SERVICE_B_REST is set.*unset SERVICE_B_REST/,
  );
});

test("the instances have the ports of the first one plus 100, 200, …, or the next that are free", async (t) => {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, "listening");
  t.after(() => server.close());
  const { port: used } = server.address() as AddressInfo;
  const ports = {
    ...DEFAULT_PORTS,
    SERVICE_A_HTTP_PORT: used - 100,
    SERVICE_A_GRPC_PORT: 65_500,
    LOKI_PORT: DEFAULT_PORTS.FAULT_ADMIN_A_PORT + 200,
  };
  const { "service-a": further = [], ...others } = await furtherInstances(
    { "service-a": 3, "service-b": 1 },
    ports,
  );
  assert.deepEqual(others, {});
  assert.equal(further.length, 2);
  // Not exactly the next number: another process on this machine may have that port.
  const assertFollows = (actual: number | undefined, preferred: number, message: string) =>
    assert.ok(
      actual !== undefined && actual > preferred && actual < preferred + 100,
      `${message}: ${actual}`,
    );
  assertFollows(further[0]?.SERVICE_A_HTTP_PORT, used, "a free one after the port that is in use");
  assertFollows(further[1]?.FAULT_ADMIN_A_PORT, ports.LOKI_PORT, "a port of the stack is not free");
  assert.ok((further[0]?.SERVICE_A_GRPC_PORT ?? 0) > 0, "there is no port 65600");
  const chosen = further.flatMap((own) => Object.values(own));
  assert.equal(new Set(chosen).size, 6);
});

test("a stack with three instances of A: their names, and the addresses that others get", () => {
  const further = {
    "service-a": [2, 3].map((n) => ({
      SERVICE_A_HTTP_PORT: n,
      SERVICE_A_GRPC_PORT: 10 + n,
      FAULT_ADMIN_A_PORT: 20 + n,
    })),
  };
  const components = withInstances(COMPONENTS, further);
  const names = components.map(({ name }) => name);
  assert.deepEqual(names, namesWithInstances({ "service-a": 3 }));
  assert.deepEqual(
    names.filter((name) => name.startsWith("service-")),
    ["service-a", "service-a-2", "service-a-3", "service-b"],
  );
  const component = (name: string) => components.find((each) => each.name === name) ?? assert.fail(name);
  const envOf = (name: string) =>
    component(name).env?.({
      ports: portsOf(component(name), DEFAULT_PORTS),
      instances: further,
      stateFolder: "/state",
    } as unknown as ComponentContext) ?? assert.fail(name);
  for (const [name, port] of [
    ["service-a", "50061"],
    ["service-a-2", "2"],
    ["service-a-3", "3"],
  ] as const) {
    const { PORT, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES = "" } = envOf(name);
    assert.deepEqual([PORT, OTEL_SERVICE_NAME], [port, "service-a"]);
    assert.match(OTEL_RESOURCE_ATTRIBUTES, new RegExp(`,service\\.instance\\.id=${name}$`));
  }
  assert.doesNotMatch(envOf("service-b").OTEL_RESOURCE_ATTRIBUTES ?? "", /instance/);
  const { SERVICE_A_GRPC, SERVICE_A_REST, SERVICE_B_GRPC } = envOf("gateway");
  assert.equal(SERVICE_A_GRPC, "127.0.0.1:50051,127.0.0.1:12,127.0.0.1:13");
  assert.equal(SERVICE_A_REST, "http://127.0.0.1:50061,http://127.0.0.1:2,http://127.0.0.1:3");
  assert.equal(SERVICE_B_GRPC, "127.0.0.1:50052");
  assert.equal(
    envOf("console").FAULT_ADMIN_A_URL,
    "http://127.0.0.1:9902,http://127.0.0.1:22,http://127.0.0.1:23",
  );
});
