import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { runsLongTests } from "../../../tests/runner/env.ts";
import { claimsOf, makeKey, sign, startIssuer } from "../test/issuer.ts";
import { startInstance } from "../test/upstream.ts";

const requests = runsLongTests ? 50_000 : 5_000;

it(`answers ${requests} requests with different values in 64 MiB of heap, without adding series to its metrics`, {
  timeout: 300_000,
}, async (t) => {
  const key = await makeKey("ES256", "key");
  const issuer = await startIssuer(t, key);
  const { address } = await startInstance(t, "grpc");
  const script = join(import.meta.dirname, "../test/hostile-requests.ts");
  const token = await sign(claimsOf(issuer.url), key);
  const gateway = spawn(process.execPath, ["--max-old-space-size=64", script, String(requests), token], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      OTEL_SERVICE_NAME: "gateway",
      OTEL_SDK_DISABLED: "true",
      LOKI_URL: "",
      LOG_LEVEL: "silent",
      AUTH_ISSUER: issuer.url,
      SERVICE_A_GRPC: address,
      SERVICE_B_GRPC: address,
      RATE_LIMIT: "100000",
      RATE_LIMIT_KEY: "x-user",
      HELLO_CACHE_MS: "3600000",
      REQUEST_ID: "on",
    },
  });
  t.after(() => gateway.kill("SIGKILL"));
  const [output, [code, signal]] = await Promise.all([text(gateway.stderr), once(gateway, "close")]);
  assert.deepEqual([code, signal], [0, null], output);
  const { statuses, lines } = JSON.parse(output) as { statuses: Record<string, number>; lines: number[] };
  // One token of five is valid. Of five targets, two are greetings, two have an invalid parameter, and one does not exist.
  const share = requests / 25;
  assert.deepEqual(statuses, { 200: 2 * share, 400: 2 * share, 401: 16 * share, 404: 5 * share });
  assert.equal(lines[1], lines[0]);
});
