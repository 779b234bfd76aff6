// The load of one step, run by k6: a number of users who send requests one after another, each alternating between the
// two routes. With RATE, this many requests a second are sent, whatever the responses are, with at most USERS open at a
// time. k6 runs this file itself, so it uses the modules of k6 and not those of Node.

import { sleep } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

const { BASE_URL, TOKEN, PROTOCOL, USERS, RATE, TEST_ID, WARM_UP_S, SECONDS, SUMMARY_FILE } = __ENV;
const [warmUpMs, measuredMs] = [Number(WARM_UP_S) * 1000, Number(SECONDS) * 1000];

const REQUESTS = [
  { name: "/a/hello", url: `${BASE_URL}/a/hello?name=pspd` },
  { name: "/b/numbers", url: `${BASE_URL}/b/numbers?count=10&delay_ms=5` },
];

/** With an access token, if the gateway requires one. */
const HEADERS = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};

/** Longer than any deadline of the services, so that only a gateway that does not respond at all reaches it. */
const TIMEOUT = "30s";
/** How long a user waits after a failure without `Retry-After`, in seconds. */
const PAUSE_AFTER_FAILURE_S = 1;

// Only responses that arrive in the measured time. k6's own metrics, such as http_reqs, include all others too.
const succeeded = new Counter("requests_succeeded");
const shed = new Counter("requests_shed");
const failed = new Counter("requests_failed");
const latency = new Trend("latency", true);

const target = Number(RATE);
const EXECUTOR = RATE
  ? {
      executor: "ramping-arrival-rate",
      preAllocatedVUs: Number(USERS),
      // The rate rises in the warm-up, because Node accepts one connection in each iteration of its event loop.
      stages: [warmUpMs, measuredMs].map((ms) => ({ target, duration: `${ms}ms` })),
    }
  : { executor: "constant-vus", vus: Number(USERS), duration: `${warmUpMs + measuredMs}ms` };

export const options = {
  scenarios: {
    users: {
      ...EXECUTOR,
      // Every request gets its response, so that k6 and the gateway count the same requests.
      gracefulStop: TIMEOUT,
    },
  },
  thresholds: { requests_failed: ["count==0"] },
  discardResponseBodies: true,
  // Without the URL, whose parameters would make a series each.
  systemTags: ["name", "status"],
  tags: { testid: TEST_ID, transport: PROTOCOL, users: USERS },
  summaryTrendStats: ["avg", "p(50)", "p(95)", "p(99)", "max"],
  userAgent: "lgtm-lab-load",
};

/** The start of the load. The runner reads it from this line, because k6 creates its users before. */
export function setup() {
  const startedAt = Date.now();
  console.log(`started ${startedAt}`);
  return { startedAt };
}

/** Whether this user has reported a failure. One of each user is enough to find the cause. */
let reported = false;

export default function request({ startedAt }) {
  // The first request of half of the users is for the other route, so that both routes always have the same load.
  const { name, url } = REQUESTS[(exec.vu.idInTest + exec.vu.iterationInScenario) % REQUESTS.length];
  const { status, headers, timings, error } = http.get(url, {
    headers: HEADERS,
    tags: { name },
    timeout: TIMEOUT,
  });
  const sinceStart = Date.now() - startedAt;
  const retryAfter = headers["Retry-After"];
  const isShed = status === 503 && retryAfter !== undefined;
  if (sinceStart >= warmUpMs && sinceStart < warmUpMs + measuredMs) {
    if (status === 200) {
      succeeded.add(1);
      latency.add(timings.duration);
    } else if (isShed) shed.add(1);
    else failed.add(1);
  }
  if (status === 200) return;
  if (!isShed && !reported)
    console.warn(`user ${exec.vu.idInTest}: ${name}: status ${status} ${error ?? ""}`);
  reported ||= !isShed;
  if (!RATE) sleep(retryAfter ? Number(retryAfter) : PAUSE_AFTER_FAILURE_S);
}

export function handleSummary({ metrics }) {
  return { [SUMMARY_FILE]: JSON.stringify(metrics) };
}
