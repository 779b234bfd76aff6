import assert from "node:assert/strict";
import { test } from "node:test";
import { setVariable } from "../test/env.ts";
import { addressesOf, instanceFile, isResilient, readEnv } from "./env.ts";

test("by default there is one instance of each service, and every mechanism is off", () => {
  const env = readEnv();
  assert.equal(isResilient(env), false);
  for (const name of ["HELLO_FALLBACK", "REQUEST_ID", "SECURITY_HEADERS"] as const)
    assert.equal(env[name], "off");
  for (const name of ["RATE_LIMIT", "HELLO_CACHE_MS"] as const) assert.equal(env[name], 0);
  assert.deepEqual(addressesOf(env), [["127.0.0.1:50051"], ["127.0.0.1:50052"]]);
});

test("several addresses are separated by commas", (t) => {
  setVariable(t, "SERVICE_A_GRPC", "a-1:50051, a-2:50051,a-3:50051");
  setVariable(t, "SERVICE_A_REST", "http://a-1:50061,http://a-2:50061/base");
  const env = readEnv();
  assert.deepEqual(env.SERVICE_A_GRPC, ["a-1:50051", "a-2:50051", "a-3:50051"]);
  assert.deepEqual(env.SERVICE_A_REST, ["http://a-1:50061", "http://a-2:50061/base"]);
  assert.equal(isResilient(env), true);
});

test("an address can be an instances file", (t) => {
  setVariable(t, "SERVICE_A_GRPC", "file:/etc/lab/instances of a, file:///other");
  setVariable(t, "SERVICE_B_REST", "file:/etc/lab/b");
  const env = readEnv();
  assert.deepEqual(env.SERVICE_A_GRPC.map(instanceFile), ["/etc/lab/instances of a", "/other"]);
  assert.deepEqual(env.SERVICE_B_REST.map(instanceFile), ["/etc/lab/b"]);
  assert.equal(instanceFile("127.0.0.1:50051"), undefined);
});

for (const [name, value] of [
  ["SERVICE_A_GRPC", "file:/etc/lab/a"],
  ["UPSTREAM_RETRIES", "1"],
  ["UPSTREAM_BREAKER_FAILURES", "1"],
  ["UPSTREAM_EJECTION_FAILURES", "1"],
  ["UPSTREAM_HEALTH_CHECK_MS", "20"],
  ["UPSTREAM_DNS_MS", "20"],
] as const)
  test(`${name} turns a mechanism on`, (t) => {
    setVariable(t, name, value);
    assert.equal(isResilient(readEnv()), true);
  });

for (const [name, value, rule] of [
  ["SERVICE_A_GRPC", "a:1,", "an address such as 127.0.0.1:50051 or file:/path, or several different ones"],
  [
    "SERVICE_A_GRPC",
    "a:1,a:1",
    "an address such as 127.0.0.1:50051 or file:/path, or several different ones",
  ],
  [
    "SERVICE_B_GRPC",
    "a:1 b:1",
    "an address such as 127.0.0.1:50051 or file:/path, or several different ones",
  ],
  ["SERVICE_A_GRPC", "file:relative", "an address such as 127.0.0.1:50051 or file:/path"],
  ["SERVICE_A_GRPC", "file:", "an address such as 127.0.0.1:50051 or file:/path"],
  [
    "SERVICE_B_REST",
    "http://a,b",
    "an http or https URL such as http://127.0.0.1:8080, or file:/path, or several",
  ],
  ["SERVICE_B_REST", "file://host/path", "an http or https URL such as http://127.0.0.1:8080, or file:/path"],
  ["UPSTREAM_RETRIES", "6", "a whole number from 0 to 5"],
  ["UPSTREAM_RETRIES", "-1", "a whole number from 0 to 5"],
  ["UPSTREAM_RETRIES", "1.5", "a whole number from 0 to 5"],
  ["UPSTREAM_RETRY_BUDGET", "0", "a whole number from 1 to 100"],
  ["UPSTREAM_ATTEMPT_TIMEOUT_MS", "9", "0, or a whole number from 10 to 3600000"],
  ["UPSTREAM_HEALTH_CHECK_MS", "19", "0, or a whole number from 20 to 3600000"],
  ["UPSTREAM_DNS_MS", "1", "0, or a whole number from 20 to 3600000"],
  ["SERVICE_A_BALANCING", "random", "round-robin, sticky, least-connections"],
  ["BALANCING_KEY", "a header", "client-address, or the name of a request header"],
  ["SERVICE_A_BALANCING_KEY", "Cookie", "client-address, or the name of a request header"],
  ["SERVICE_B_BALANCING_KEY", "a header", "client-address, or the name of a request header"],
  ["HELLO_FALLBACK", "yes", "off or on"],
  ["AUTH_ISSUER", "id.example", "an http or https URL"],
  ["AUTH_SKEW_S", "301", "a whole number from 0 to 300"],
  ["AUTH_JWKS_MAX_AGE_S", "9", "a whole number from 10 to 86400"],
  ["RATE_LIMIT", "0.5", "a whole number from 0 to 100000"],
  ["RATE_LIMIT_BURST", "-1", "a whole number from 0 to 1000000"],
  ["RATE_LIMIT_KEY", "x-user,x-key", "client-address, or the name of a request header"],
  [
    "RATE_LIMIT_KEY",
    "Authorization",
    "client-address, or the name of a request header (not authorization or cookie)",
  ],
  [
    "RATE_LIMIT_KEY",
    "proxy-authorization",
    "client-address, or the name of a request header (not authorization or cookie)",
  ],
  [
    "BALANCING_KEY",
    "cookie",
    "client-address, or the name of a request header (not authorization or cookie)",
  ],
  ["HELLO_CACHE_MS", "3600001", "a whole number from 0 to 3600000"],
  ["REQUEST_ID", "1", "off or on"],
  ["SECURITY_HEADERS", "ON", "off or on"],
] as const)
  test(`${name}=${value} is rejected by name`, (t) => {
    setVariable(t, name, value);
    const message = `${name}=${value} is not valid: it must be ${rule}`;
    assert.throws(readEnv, (error: Error) => error.message.startsWith(message) || assert.fail(error.message));
  });

for (const issuer of [
  "http://user:secret@id.example",
  "http:////user:secret@id.example",
  "https://id.example?key=secret",
])
  test(`an issuer that can contain a secret is rejected, and the message does not contain it: ${issuer}`, (t) => {
    setVariable(t, "AUTH_ISSUER", issuer);
    assert.throws(readEnv, (error: Error) => {
      assert.match(
        error.message,
        /^AUTH_ISSUER=http.* is not valid: .* without user and password, query and fragment/,
      );
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

test("UPSTREAM_ATTEMPT_TIMEOUT_MS without UPSTREAM_RETRIES is rejected, because it would have no effect", (t) => {
  setVariable(t, "UPSTREAM_ATTEMPT_TIMEOUT_MS", "500");
  assert.throws(readEnv, /UPSTREAM_RETRIES is not, so no attempt would be retried/);
  setVariable(t, "UPSTREAM_RETRIES", "1");
  assert.equal(readEnv().UPSTREAM_ATTEMPT_TIMEOUT_MS, 500);
});

for (const name of ["AUTH_AUDIENCE", "AUTH_JWKS_URL"])
  test(`${name} without AUTH_ISSUER is rejected, because no token would be checked`, (t) => {
    setVariable(t, name, "http://id.example");
    assert.throws(readEnv, /AUTH_ISSUER is not, so no token would be checked/);
  });
