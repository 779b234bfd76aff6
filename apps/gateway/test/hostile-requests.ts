/**
 * `node hostile-requests.ts <number> <valid token>` calls a gateway with requests whose values are all different:
 * identities, names, tokens, paths, ids. Prints the number of responses with each status, and the number of lines in its
 * metrics after a tenth of the requests and at the end. A test runs it with little memory.
 */
import { Lifecycle } from "@lgtm-lab/service-runtime";
import { registry } from "@lgtm-lab/telemetry";
import { createGateway } from "../src/app.ts";
import { readEnv } from "../src/env.ts";

const AT_ONCE = 50;
const [requests, validToken = ""] = process.argv.slice(2);
const count = Number(requests);

const lifecycle = new Lifecycle();
lifecycle.state = "serving";
const { app } = await createGateway(readEnv(), lifecycle);

const filler = "x".repeat(2_000);
let texts = 0;
/** Returns a different text each time. */
const text = (length: number): string => {
  texts += 1;
  return `${texts}-${filler.slice(0, length)}`;
};

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKENS: readonly (() => string)[] = [
  () => text(1_000),
  () => `${text(30)}.${text(1_000)}.${text(80)}`,
  () => `${encode({ alg: "ES256", kid: text(30) })}.${encode({ sub: text(300) })}.${text(80)}`,
  () => `${encode({ alg: "ES256", kid: "key" })}.${encode({ sub: text(300) })}.${text(80)}`,
  () => validToken,
];
const TARGETS: readonly (() => string)[] = [
  () => `/a/hello?name=${text(200)}`,
  () => `/a/hello?name=${text(600)}`,
  () => `/a/hello?${text(300)}=${text(300)}`,
  () => `/b/numbers?count=${text(30)}`,
  () => `/${text(100)}`,
];
/** Returns the n-th pair of a target and a token; 25 in a row are all pairs. */
const pairOf = (n: number): [target: string, token: string] => [
  TARGETS[n % TARGETS.length]?.() ?? "",
  TOKENS[Math.floor(n / TARGETS.length) % TOKENS.length]?.() ?? "",
];

const statuses: Record<string, number> = {};
async function send(n: number): Promise<void> {
  const [target, token] = pairOf(n);
  const response = await app.request(target, {
    headers: {
      authorization: `Bearer ${token}`,
      "x-user": text(n % 2 === 0 ? 20 : 1_500),
      "x-request-id": text(50),
      "if-none-match": `"${text(50)}"`,
    },
  });
  await response.text();
  statuses[response.status] = (statuses[response.status] ?? 0) + 1;
}

const lines = async () => (await registry.metrics()).split("\n").length;

const seen: number[] = [];
for (let n = 0; n < count; n += AT_ONCE) {
  await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(n + index)));
  if (n === count / 10) seen.push(await lines());
}
seen.push(await lines());
// Log lines are on stdout.
process.stderr.write(JSON.stringify({ statuses, lines: seen }), () => process.exit());
