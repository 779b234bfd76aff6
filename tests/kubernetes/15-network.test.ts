import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { urls } from "../e2e/support/lab.ts";
import { call, GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { NODE } from "./cluster.ts";
import { allowedConnections, connection, containerPortsOf, workloadsOf } from "./connections.ts";
import { ingressBases, manifestsOf } from "./manifests.ts";
import { connectFrom, isReady, kubectl, podsOf, setupArguments, skipUnlessOwnCluster } from "./stack.ts";

/** From a change of the policies until all rules of the node are changed. */
const ENFORCED_MS = 30_000;
const SETUP_SH = join(REPOSITORY, "deploy/setup.sh");

describe("the Ingress", { skip: skipUnlessOwnCluster }, () => {
  let bases: ReadonlyMap<string, string>;
  let address: string;

  before(async () => {
    bases = await ingressBases();
    const printed = await output(SETUP_SH, setupArguments());
    assert.match(printed, /^The gateway responds through the Ingress at /m);
    const [, line, first] = /^The line for \/etc\/hosts:\n +((\S+) .*)$/m.exec(printed) ?? [];
    address = first ?? assert.fail(printed);
    // Only the namespaces of the cluster have this file.
    await appendFile("/etc/hosts", `\n${line}\n${address} other.local\n`);
  });
  const baseOf = (gateway: string) => bases.get(gateway) ?? assert.fail(`no host for ${gateway}`);

  it("has the default class of the cluster", async () => {
    const path = "--output=jsonpath={.spec.ingressClassName}";
    assert.equal(await kubectl("--namespace=pspd", "get", "ingress", "gateways", path), "traefik");
  });

  for (const request of GATEWAY_REQUESTS)
    it(`${request.path.split("?")[0]} at the host of ${request.gateway}, with a trace`, async () => {
      const { status, traceId } = await call(baseOf(request.gateway), request.path);
      assert.equal(status, 200);
      const { tempo } = await urls();
      await eventually("the trace", () => traceOf(tempo, traceId, [request.gateway, request.service]));
    });

  for (const gateway of ["gateway", "gateway-rest"])
    it(`an error of ${gateway} arrives as it is, with a trace`, async () => {
      const { status, headers, traceId } = await call(baseOf(gateway), "/b/numbers?count=0");
      assert.equal(status, 400);
      assert.equal(headers.get("content-type"), "application/problem+json");
      const { tempo } = await urls();
      await eventually("the trace", () => traceOf(tempo, traceId, [gateway]));
    });

  it("does not hold back the values of a stream", async () => {
    const response = await fetch(`${baseOf("gateway")}/b/numbers?count=5&delay_ms=300`, {
      headers: { accept: "text/event-stream" },
      signal: AbortSignal.timeout(10_000),
    });
    const arrived: number[] = [];
    for await (const _ of response.body ?? []) arrived.push(performance.now());
    const ms = Math.round((arrived.at(-1) ?? 0) - (arrived[0] ?? 0));
    console.log(`    the last value ${ms} ms after the first`);
    assert.ok(ms > 900);
  });

  it("does not publish the metrics and the state of the gateways", async () => {
    for (const base of bases.values())
      for (const path of ["/metrics", "/readyz", "/healthz"]) {
        const { status, headers } = await fetch(`${base}${path}`);
        assert.equal(status, 404, path);
        // A 404 of a gateway has this header.
        assert.equal(headers.get("x-trace-id"), null, path);
      }
  });

  it("redirects `/` to the console", async () => {
    for (const base of bases.values()) {
      const { status, headers } = await fetch(base, { redirect: "manual" });
      assert.deepEqual([status, headers.get("location")], [302, "http://127.0.0.1:8000"]);
    }
  });

  it("refuses every other host", async () => {
    for (const host of ["other.local", address]) {
      const response = await fetch(`http://${host}/a/hello`);
      assert.equal(response.status, 404, host);
      // This is not the 404 of a gateway.
      assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.equal(response.headers.get("x-trace-id"), null);
    }
  });
});

describe("the NetworkPolicies", { skip: skipUnlessOwnCluster }, async () => {
  const manifests = await manifestsOf("overlays/local");
  const workloads = workloadsOf(manifests);
  const ingressController = "traefik";
  const sources = [...workloads.keys(), ingressController];
  const targets = [
    ...[...workloads].flatMap(([name, each]) => containerPortsOf(each).map((port) => ({ name, port }))),
    { name: "API server", port: 6443 },
  ];
  const all = sources
    .flatMap((from) =>
      targets.flatMap(({ name, port }) => (from === name ? [] : connection(from, name, port))),
    )
    .sort();
  const allowed = [
    ...allowedConnections(workloads).filter((each) => all.includes(each)),
    connection(ingressController, "gateway", 8080),
    connection(ingressController, "gateway-rest", 8081),
    // Every pod may send OTLP. Those of `pspd` may only use the port that is listed.
    connection(ingressController, "otelcol", 4317),
    connection(ingressController, "otelcol", 4318),
    connection(ingressController, "API server", 6443),
    connection("prometheus", "API server", 6443),
  ].sort();

  /** Tries to connect from each pod to each port of all other pods. */
  async function accepted(): Promise<string[]> {
    const pods = new Map(
      await Promise.all(sources.map(async (name) => [name, (await podsOf(name)).find(isReady)] as const)),
    );
    const from = async (source: string): Promise<string[]> => {
      const others = targets.filter(({ name }) => name !== source);
      const addresses = others.map(
        ({ name, port }) => `${pods.get(name)?.status.podIP ?? NODE.address}:${port}`,
      );
      const results = await connectFrom(
        pods.get(source) ?? assert.fail(`no ready pod of ${source}`),
        addresses,
      );
      return others.flatMap(({ name, port }, index) =>
        results[index] ? connection(source, name, port) : [],
      );
    };
    return (await Promise.all(sources.map(from))).flat().sort();
  }

  const untilAccepted = (what: string, expected: readonly string[]) =>
    within(
      what,
      ENFORCED_MS,
      async () => {
        assert.deepEqual(await accepted(), expected);
        return true;
      },
      { intervalMs: 500 },
    );

  it("refuse every connection that is not listed", async () => {
    await untilAccepted(`${allowed.length} of ${all.length} connections are accepted`, allowed);
  });

  it("are the reason: without them every connection is accepted", async () => {
    for (const { metadata } of manifests.filter(({ kind }) => kind === "Namespace"))
      await kubectl(`--namespace=${metadata.name}`, "delete", "networkpolicy", "--all");
    try {
      await untilAccepted(`all ${all.length} connections are accepted`, all);
    } finally {
      await output(SETUP_SH, setupArguments());
    }
    await untilAccepted("they are refused again", allowed);
  });
});
