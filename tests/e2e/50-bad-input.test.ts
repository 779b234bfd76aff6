import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { problemDocument } from "@lgtm-lab/contracts";
import { ServiceAClient, ServiceBClient } from "@lgtm-lab/contracts/proto";
import * as v from "valibot";
import { hostPort, urls } from "./support/lab.ts";
import { call } from "./support/requests.ts";

const GATEWAYS = ["gateway", "gateway-rest"] as const;

/** Path, then the field, value and rule that the problem document must contain. */
const BAD: [path: string, field: string, value: string, rule: RegExp][] = [
  ["/a/hello?name=%FF", "name", "%FF", /UTF-8/],
  ["/a/hello?name=%", "name", "%", /UTF-8/],
  ["/a/hello?name=a&name=b", "name", "b", /once/],
  [`/a/hello?name=${"x".repeat(257)}`, "name", "x".repeat(257), /256/],
  ["/b/numbers?count=0", "count", "0", /1 to 10000/],
  ["/b/numbers?count=", "count", "", /1 to 10000/],
  ["/b/numbers?delay_ms=", "delay_ms", "", /0 to 60000/],
  ["/b/numbers?count=10001", "count", "10001", /1 to 10000/],
  ["/b/numbers?count=3&count=4", "count", "4", /once/],
  ["/b/numbers?count=-1", "count", "-1", /1 to 10000/],
  ["/b/numbers?count=%2B5", "count", "+5", /1 to 10000/],
  ["/b/numbers?count=+5", "count", " 5", /1 to 10000/],
  ["/b/numbers?count=0x5", "count", "0x5", /1 to 10000/],
  ["/b/numbers?count=1e3", "count", "1e3", /1 to 10000/],
  ["/b/numbers?count=1.5", "count", "1.5", /1 to 10000/],
  ["/b/numbers?count=%FF", "count", "%FF", /UTF-8/],
  ["/b/numbers?delay_ms=60001", "delay_ms", "60001", /0 to 60000/],
  ["/b/numbers?delay_ms=-1", "delay_ms", "-1", /0 to 60000/],
  ["/b/numbers?count=1000&delay_ms=100", "delay_ms", "100", /60000 ms/],
];

describe("bad input", () => {
  for (const gateway of GATEWAYS) {
    for (const [path, field, value, rule] of BAD) {
      it(`${gateway} ${path.slice(0, 50)} gets a 400 with the reason`, async () => {
        const { base } = await urls();
        const response = await call(base({ gateway }), path);
        assert.equal(response.status, 400);
        assert.equal(response.headers.get("content-type"), "application/problem+json");
        const problem = v.parse(problemDocument, response.json());
        assert.equal(problem.trace_id, response.traceId);
        const error = problem.errors?.find((each) => each.field === field);
        assert.equal(error?.value, value);
        assert.match(error?.rule ?? "", rule);
      });
    }

    it(`${gateway}: allowed values are accepted`, async () => {
      const { base } = await urls();
      const hello = async (query: string) =>
        ((await call(base({ gateway }), `/a/hello${query}`)).json() as { message: string }).message;
      const mark = gateway === "gateway" ? "A" : "A-REST";
      assert.equal(await hello("?name=Ana"), `Olá, Ana! [${mark}]`);
      assert.equal(await hello(""), `Olá, mundo! [${mark}]`);
      assert.equal(await hello("?name="), `Olá, mundo! [${mark}]`);
      assert.equal(await hello("?name=%F0%9F%98%80"), `Olá, 😀! [${mark}]`);
      const values = async (query: string) => (await call(base({ gateway }), `/b/numbers${query}`)).json();
      assert.deepEqual(await values(""), { from: "B", values: [1, 2, 3, 4, 5] });
      assert.deepEqual(await values("?count=2&delay_ms=5"), { from: "B", values: [1, 2] });
      const many = (await values("?count=10000")) as { values: number[] };
      assert.deepEqual([many.values.length, many.values.at(-1)], [10_000, 10_000]);
    });

    it(`${gateway}: values arrive one by one as events`, async () => {
      const { base } = await urls();
      const response = await fetch(`${base({ gateway })}/b/numbers?count=3&delay_ms=700`, {
        headers: { accept: "text/event-stream" },
      });
      let received = "";
      let untilFirst: string | undefined;
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        received += chunk;
        if (received.includes('data: {"value":1}\n')) untilFirst ??= received;
      }
      assert.ok(untilFirst, received);
      assert.doesNotMatch(untilFirst, /"value":3/, "all values arrived together");
      assert.match(
        received,
        /"value":3}\nid: 3\n\n(event: timing\ndata: .*\n\n)event: end\ndata: {"from":"B","count":3}\n\n$/,
      );
    });
  }

  it("another method gets a 405, another path a 404, each with a trace id", async () => {
    const { base } = await urls();
    assert.equal((await call(base({ gateway: "gateway" }), "/a/hello", { method: "POST" })).status, 405);
    assert.equal((await call(base({ gateway: "gateway" }), "/nope")).status, 404);
  });

  it("bytes that are not HTTP get a 400, and the gateway still works", async () => {
    const { base } = await urls();
    const { hostname, port } = new URL(base({ gateway: "gateway" }));
    const response = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write("\0\0nonsense\r\n\r\n"));
      socket.once("data", (data) => resolve(String(data)));
      socket.once("error", reject);
    });
    assert.match(response, /^HTTP\/1\.1 400 /);
    assert.equal((await call(base({ gateway: "gateway" }), "/a/hello")).status, 200);
  });

  it("over gRPC it is INVALID_ARGUMENT", async () => {
    const a = new ServiceAClient(await hostPort("SERVICE_A_GRPC_PORT"), credentials.createInsecure());
    const b = new ServiceBClient(await hostPort("SERVICE_B_GRPC_PORT"), credentials.createInsecure());
    try {
      const hello = await new Promise<ServiceError | null>((resolve) =>
        a.sayHello({ name: "x".repeat(257) }, resolve),
      );
      assert.equal(hello?.code, status.INVALID_ARGUMENT);
      const nameless = await new Promise<string | undefined>((resolve) =>
        a.sayHello({ name: "" }, (_error, reply) => resolve(reply?.message)),
      );
      assert.equal(nameless, "Olá, mundo! [A]", "an empty name counts as none");
      for (const request of [
        { count: 0, delayMs: 0 },
        { count: -1, delayMs: 0 },
        { count: 2, delayMs: 60_001 },
      ]) {
        await assert.rejects(Array.fromAsync(b.streamNumbers(request)), { code: status.INVALID_ARGUMENT });
      }
    } finally {
      a.close();
      b.close();
    }
  });
});
