import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { issueToken, publicKeys } from "@lgtm-lab/issuer";
import { certificatePaths, makeCertificates } from "../../../packages/stack/src/certificates.ts";
import { start } from "../instrumentation/child.ts";
import {
  inRounds,
  type Load,
  lineOf,
  load,
  type Run,
  SETTLED_MS,
  type Sinks,
  warmUp,
} from "../instrumentation/load.ts";
import { type System, startSystem } from "../instrumentation/system.ts";
import { lab, type Receivers, telemetryOn, type Variant } from "../instrumentation/variants.ts";
import { type Bench, type BenchOptions, type Line, median, type Subject } from "../result.ts";
import { measureIsolated } from "./isolated.ts";

const ROUNDS = 6;
const PATH = "/a/hello?name=pspd";
const RATE = 500;
const SECONDS = 3;
/** Before each measurement; all systems have been warmed up once. */
const AGAIN_REQUESTS = 3_000;
/** The variant that the others are compared with. */
const BASELINE = "everything off";

/** The mechanisms that only need variables of the gateway. */
const MECHANISMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  retries: { UPSTREAM_RETRIES: "2" },
  "circuit breaker": { UPSTREAM_BREAKER_FAILURES: "5" },
  "ejection and health checks": { UPSTREAM_EJECTION_FAILURES: "5", UPSTREAM_HEALTH_CHECK_MS: "1000" },
  fallback: { HELLO_FALLBACK: "on" },
  "rate limit": { RATE_LIMIT: "100000" },
  cache: { HELLO_CACHE_MS: "60000" },
  "request ids": { REQUEST_ID: "on" },
  "security headers": { SECURITY_HEADERS: "on" },
};

/** One variant that runs, and what was measured on it. */
interface Running {
  readonly variant: Variant;
  readonly system: System;
  readonly runs: Run[];
}

/** Measures the CPU time of `/a/hello` in the gateway with each mechanism alone (README.md). Linux only. */
export const gateway: Bench = {
  title: "gateway: CPU time of /a/hello in the gateway, with each mechanism alone",
  async measure(options) {
    const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-bench-"));
    const sinks: Sinks = await start("./sinks.ts");
    const issuer = await startIssuer(folder);
    const all: Running[] = [];
    try {
      for (const variant of await variants(options, { receivers: sinks.ready, folder, issuer }))
        all.push({ variant, system: await startSystem(variant), runs: [] });
      await run(options, { sinks, all });
    } finally {
      for (const { system } of all) await system.stop();
      issuer.close();
      await sinks.stop();
      await rm(folder, { recursive: true, force: true });
    }
    const baseline = { name: BASELINE, runs: (all[0] as Running).runs };
    return [
      ...all.map(({ variant, runs }) => lineOf(variant.name, "gateway", runs, baseline)),
      ...(await isolatedLines(baseline)),
    ];
  },
};

/** Serves the public keys of the tokens that this bench issues. */
async function startIssuer(folder: string): Promise<Server> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/jwk-set+json");
    response.end(JSON.stringify(publicKeys(folder)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Returns the variants: everything off, each mechanism alone, and the commit of `--against` with everything off. */
async function variants(
  { subjects, more }: BenchOptions,
  { receivers, folder, issuer }: { receivers: Receivers; folder: string; issuer: Server },
): Promise<Variant[]> {
  const [own, ...others] = subjects as [Subject, ...Subject[]];
  const { root } = own;
  const base = { ...lab(root), env: telemetryOn(receivers) };
  const off: Variant = { name: BASELINE, ...base };
  const mechanisms: Variant[] = [
    ...Object.entries(MECHANISMS).map(([name, variables]) => ({
      name,
      ...base,
      extraEnv: { gateway: variables },
    })),
    { name: "two instances, round-robin", ...base, instancesOfA: 2 },
    {
      name: "two instances, least-time",
      ...base,
      instancesOfA: 2,
      extraEnv: { gateway: { SERVICE_A_BALANCING: "least-time" } },
    },
    {
      name: "routes file",
      ...base,
      extraEnv: { gateway: { ROUTES_FILE: join(root, "apps/gateway/routes.yaml") } },
    },
    { name: "access tokens with the audit log", ...base, ...(await withTokens(folder, issuer)) },
    { name: "TLS for clients, mutual TLS to A and B", ...base, ...(await withTls(folder)) },
  ];
  return [
    off,
    ...mechanisms.filter(({ name }) => more.only === undefined || name.includes(String(more.only))),
    ...others.map(({ suffix, root }) => ({ ...off, ...lab(root), name: `${BASELINE}${suffix}` })),
  ];
}

async function withTokens(folder: string, server: Server): Promise<Pick<Variant, "extraEnv" | "client">> {
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = await issueToken(folder, {
    issuer,
    subject: "bench",
    scopes: ["hello", "numbers"],
    lifetimeMs: 2 * 3_600_000,
  });
  return {
    extraEnv: { gateway: { AUTH_ISSUER: issuer } },
    client: { headers: { authorization: `Bearer ${token}` } },
  };
}

async function withTls(folder: string): Promise<Pick<Variant, "extraEnv" | "client">> {
  await makeCertificates(folder);
  const own = certificatePaths(folder, "gateway");
  const server = (name: "service-a" | "service-b") => {
    const { cert, key, ca } = certificatePaths(folder, name);
    return { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CA_FILE: ca };
  };
  return {
    extraEnv: {
      gateway: {
        TLS_CERT_FILE: own.cert,
        TLS_KEY_FILE: own.key,
        UPSTREAM_TLS_CERT_FILE: own.cert,
        UPSTREAM_TLS_KEY_FILE: own.key,
        UPSTREAM_TLS_CA_FILE: own.ca,
      },
      "service-a": server("service-a"),
      "service-b": server("service-b"),
    },
    client: { ca: readFileSync(own.ca, "utf8") },
  };
}

async function run(
  { rounds = ROUNDS, more }: BenchOptions,
  { sinks, all }: { sinks: Sinks; all: readonly Running[] },
): Promise<void> {
  const seconds = Number(more.seconds ?? SECONDS);
  const each: Load = { path: PATH, seconds, connections: 10, rate: Number(more.rate ?? RATE) };
  console.log(`Warm-up, then ${rounds} rounds of ${all.length} variants`);
  await sleep(SETTLED_MS);
  for (const { system } of all) await warmUp(system, PATH);
  await inRounds(rounds, all, async (turn) => {
    for (const { system, runs } of turn) runs.push(await load(system, sinks, each, AGAIN_REQUESTS));
  });
}

/** The time of the mechanisms themselves, which is too small to see in the time of a request. */
async function isolatedLines({ runs }: Pick<Running, "runs">): Promise<Line[]> {
  const request = median(runs.map((run) => run.gateway));
  return [...(await measureIsolated())].map(([name, times]) => ({
    name: `isolated: ${name}`,
    value: median(times),
    unit: "µs",
    of: BASELINE,
    ratios: times.map((time) => time / request),
  }));
}
