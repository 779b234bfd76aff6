import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { problemDocument } from "@lgtm-lab/contracts";
import {
  createHttpApp,
  get,
  helloRoute,
  Lifecycle,
  type NumbersSource,
  numbersRoute,
  Problem,
} from "@lgtm-lab/service-runtime";
import * as v from "valibot";

const lifecycle = new Lifecycle();

/** Returns an app whose source of numbers produces the values and then throws the failure, if any. */
function appWith(values: number[], failure?: unknown) {
  const app = createHttpApp({ lifecycle });
  get(
    app,
    "/b/numbers",
    numbersRoute(lifecycle, {
      async *stream() {
        yield* values;
        if (failure) throw failure;
      },
    }),
  );
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, async (_params, call) => {
      await setTimeout(60_000, undefined, { signal: call.signal }).catch(() => {
        throw call.signal.reason;
      });
      return "never";
    }),
  );
  return app;
}

const SSE = { headers: { accept: "text/event-stream" } };

async function problemOf(response: Response) {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  return v.parse(problemDocument, await response.json());
}

describe("numbers as JSON", () => {
  it("responds with all values", async () => {
    const response = await appWith([1, 2, 3]).request("/b/numbers?count=3");
    assert.deepEqual(await response.json(), { from: "B", values: [1, 2, 3] });
  });

  it("is a problem and not an incomplete 200 when the source fails after some values", async () => {
    const failure = new Problem("backend-broken", "half-way");
    const response = await appWith([1, 2], failure).request("/b/numbers?count=3");
    assert.equal(response.status, 502);
    assert.equal((await problemOf(response)).detail, "half-way");
  });
});

describe("numbers as events", () => {
  it("sends each value, then the end", async () => {
    const response = await appWith([1, 2]).request("/b/numbers?count=2", SSE);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.equal(
      await response.text(),
      'event: number\ndata: {"value":1}\nid: 1\n\nevent: number\ndata: {"value":2}\nid: 2\n\n' +
        'event: end\ndata: {"from":"B","count":2}\n\n',
    );
  });

  it("has the status of a failure before the first value", async () => {
    const response = await appWith([], new Problem("backend-down", "down")).request("/b/numbers", SSE);
    assert.equal(response.status, 503);
  });

  it("ends with an error event after the first value", async () => {
    const failure = new Problem("backend-broken", "half-way");
    const text = await (await appWith([1], failure).request("/b/numbers", SSE)).text();
    const data = /event: error\ndata: (.*)\n/.exec(text)?.[1];
    assert.equal(v.parse(problemDocument, JSON.parse(data ?? "null")).status, 502);
    assert.ok(!text.includes("event: end"));
  });
});

describe("the cost of the upstream call", () => {
  const upstreamCost = { protocol: "grpc", ms: 1.23456, sent: 64, received: 111 };
  const app = createHttpApp({ lifecycle });
  const source: NumbersSource = {
    async *stream(_params, call) {
      yield 1;
      call.upstreamCost = upstreamCost;
    },
  };
  get(app, "/b/numbers", numbersRoute(lifecycle, source));
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, (_params, call) => {
      call.upstreamCost = upstreamCost;
      return "Olá";
    }),
  );

  it("is in Server-Timing, in the format that browsers read", async () => {
    for (const path of ["/a/hello", "/b/numbers?count=1"])
      assert.match(
        (await app.request(path)).headers.get("server-timing") ?? "",
        /^total;dur=\d+(\.\d+)?, upstream;dur=1\.235;desc="grpc", sent;desc="64", received;desc="111"$/,
      );
  });

  it("is an event before the end of an event stream, whose headers are sent first", async () => {
    const response = await app.request("/b/numbers?count=1", SSE);
    assert.equal(response.headers.get("server-timing"), null);
    const [number, timing, end] = (await response.text()).split("\n\n");
    assert.match(number ?? "", /^event: number\n/);
    assert.match(
      timing ?? "",
      /^event: timing\ndata: {"total_ms":\d+(\.\d+)?,"upstream_ms":1\.235,"protocol":"grpc","sent":64,"received":111}$/,
    );
    assert.match(end ?? "", /^event: end\n/);
  });

  it("is missing if no other service was called", async () => {
    assert.equal((await appWith([1]).request("/b/numbers?count=1")).headers.get("server-timing"), null);
  });
});

describe("a call", () => {
  it("ends with 504 when its deadline passes", async () => {
    const response = await appWith([]).request("/a/hello", { headers: { "x-request-timeout-ms": "30" } });
    assert.equal(response.status, 504);
    assert.match((await problemOf(response)).type, /deadline-exceeded$/);
  });

  it("rejects an invalid deadline", async () => {
    const response = await appWith([]).request("/a/hello", { headers: { "x-request-timeout-ms": "1e3" } });
    assert.equal(response.status, 400);
    assert.equal((await problemOf(response)).errors?.[0]?.field, "x-request-timeout-ms");
  });
});

describe("an invalid request", () => {
  it("is answered with the field, value and rule of each invalid parameter", async () => {
    const response = await appWith([]).request("/b/numbers?count=0x5&delay_ms=-1");
    assert.equal(response.status, 400);
    const { errors } = await problemOf(response);
    assert.deepEqual(
      errors?.map(({ field, value }) => [field, value]),
      [
        ["count", "0x5"],
        ["delay_ms", "-1"],
      ],
    );
  });

  it("is 404 for an unknown path", async () => {
    assert.equal((await problemOf(await appWith([]).request("/nope"))).status, 404);
  });

  it("is 405 with Allow for another method", async () => {
    for (const path of ["/a/hello", "/healthz", "/readyz", "/metrics"]) {
      const response = await appWith([]).request(path, { method: "POST" });
      assert.equal(response.status, 405, path);
      assert.equal(response.headers.get("allow"), "GET, HEAD");
    }
  });

  it("hides the message of an unexpected error", async () => {
    const response = await appWith([], new Error("password=hunter2")).request("/b/numbers");
    assert.equal(response.status, 500);
    assert.ok(!(await response.text()).includes("hunter2"));
  });
});

describe("readiness", () => {
  for (const [up, status] of [
    [[true, false], 200],
    [[false, false], 503],
  ] as const) {
    it(`is ${status} when the dependencies are up: ${up}`, async () => {
      const serving = new Lifecycle();
      serving.state = "serving";
      const dependencies = async () => ({ a: up[0], b: up[1] });
      const response = await createHttpApp({ lifecycle: serving, dependencies }).request("/readyz");
      assert.equal(response.status, status);
      assert.equal(((await response.json()) as { b: string }).b, "down");
    });
  }

  it("is 503 while starting", async () => {
    assert.equal((await createHttpApp({ lifecycle: new Lifecycle() }).request("/readyz")).status, 503);
  });
});
