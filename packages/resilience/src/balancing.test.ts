import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BALANCING_ALGORITHMS } from "@lgtm-lab/resilience";
import { type Candidate, chooserFor } from "@lgtm-lab/resilience/balancing";
import fc from "fast-check";

const instance = (name: string, running = 0, latencyMs = 0): Candidate => ({ name, running, latencyMs });
const THREE = [instance("a"), instance("b"), instance("c")];
const names = (candidates: readonly Candidate[]) => candidates.map(({ name }) => name);

/** Chooses for each key in turn. Returns the names. */
const chosen = (
  algorithm: (typeof BALANCING_ALGORITHMS)[number],
  candidates: readonly Candidate[],
  keys: readonly string[],
  options?: Parameters<typeof chooserFor>[1],
) => {
  const choose = chooserFor(algorithm, options);
  return keys.map((key) => choose(candidates, key).name);
};
const times = (count: number) => Array.from({ length: count }, () => "client");

describe("balancing", () => {
  for (const [what, algorithm, candidates, keys, wanted] of [
    ["takes turns", "round-robin", THREE, times(7), "abcabca"],
    ["takes turns for new clients and keeps known ones", "sticky", THREE, [..."xyxzyxz"], "abacbac"],
    ["takes turns among idle instances", "least-connections", THREE, times(4), "abca"],
    [
      "prefers the instance with the fewest calls",
      "least-connections",
      [instance("a", 3), instance("b", 1), instance("c", 2)],
      times(3),
      "bbb",
    ],
    [
      "prefers the fastest instance",
      "least-time",
      [instance("a", 0, 20), instance("b", 0, 5), instance("c", 0, 500)],
      times(3),
      "bbb",
    ],
    [
      "prefers a slower instance to one with many calls",
      "least-time",
      [instance("a", 0, 20), instance("b", 9, 5), instance("c", 0, 500)],
      times(2),
      "aa",
    ],
    [
      "does not send every call to an instance without a measured latency",
      "least-time",
      [instance("a", 0, 20), instance("b", 30, 0)],
      times(2),
      "aa",
    ],
  ] as const)
    it(`${algorithm} ${what}`, () => {
      assert.equal(chosen(algorithm, candidates, keys).join(""), wanted);
    });

  for (const algorithm of ["round-robin", "least-connections", "least-time"] as const)
    it(`${algorithm} spreads calls evenly if each call to a dead instance is retried at another`, () => {
      const choose = chooserFor(algorithm);
      const counts = new Map(THREE.map(({ name }) => [name, 0]));
      const call = (candidates: readonly Candidate[]) => {
        const { name } = choose(candidates, "client");
        counts.set(name, (counts.get(name) ?? 0) + 1);
        return name;
      };
      for (let n = 0; n < 3_000; n += 1) if (call(THREE) === "a") call(THREE.slice(1));
      assert.deepEqual(Object.fromEntries(counts), { a: 1_500, b: 1_500, c: 1_500 });
    });

  for (const [draws, running, wanted] of [
    [[0, 0], [5, 1, 0], "b"],
    [[0, 0.9], [5, 1, 0], "c"],
    [[0.5, 0], [0, 9, 3], "c"],
    [[0.5, 0.9], [0, 9, 3], "a"],
    [[0.9, 0], [2, 0, 2], "c"],
  ] as const)
    it(`random-two draws two different instances (${draws}) and takes the one with fewer calls`, () => {
      const left = [...draws];
      const candidates = THREE.map(({ name }, index) => instance(name, running[index]));
      const random = () => left.shift() ?? assert.fail();
      assert.deepEqual(chosen("random-two", candidates, ["client"], { random }), [wanted]);
    });

  it("sticky moves the clients of an instance that is down, and leaves them where they are afterwards", () => {
    const choose = chooserFor("sticky");
    const at = (candidates: readonly Candidate[], key: string) => choose(candidates, key).name;
    const before = ["x", "y", "z"].map((key) => at(THREE, key));
    assert.deepEqual(before, ["a", "b", "c"]);
    const moved = at([instance("a"), instance("c")], "y");
    assert.notEqual(moved, "b");
    assert.deepEqual(
      ["x", "y", "z"].map((key) => at(THREE, key)),
      ["a", moved, "c"],
    );
  });

  it("sticky distinguishes clients with long keys", () => {
    const long = "x".repeat(100);
    const users = [`${long}1`, `${long}2`, `${long}1`, `${long}2`];
    assert.deepEqual(chosen("sticky", THREE, users), ["a", "b", "a", "b"]);
  });

  it("sticky forgets the client that has been idle longest", () => {
    const choose = chooserFor("sticky", { maxStickyClients: 2 });
    const at = (key: string) => choose(THREE, key).name;
    assert.deepEqual([..."xyxzxy"].map(at), ["a", "b", "a", "c", "a", "a"]);
  });

  const clusters = fc.uniqueArray(
    fc.record({ name: fc.string(), running: fc.nat(50), latencyMs: fc.double({ min: 0, max: 5_000 }) }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 8 },
  );
  const clients = fc.array(fc.string(), { maxLength: 30 });

  for (const algorithm of BALANCING_ALGORITHMS)
    it(`${algorithm} always chooses one of the candidates`, () => {
      fc.assert(
        fc.property(clusters, clients, (candidates, keys) => {
          const known = names(candidates);
          return chosen(algorithm, candidates, keys).every((name) => known.includes(name));
        }),
      );
    });

  it("round-robin spreads calls evenly", () => {
    fc.assert(
      fc.property(clusters, fc.integer({ min: 0, max: 100 }), (candidates, calls) => {
        const all = chosen("round-robin", candidates, times(calls));
        const counts = names(candidates).map((name) => all.filter((each) => each === name).length);
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
      }),
    );
  });

  it("least-connections never leaves an idle instance for a busier one", () => {
    fc.assert(
      fc.property(clusters, (candidates) => {
        const lowest = Math.min(...candidates.map(({ running }) => running));
        assert.equal(chooserFor("least-connections")(candidates, "").running, lowest);
      }),
    );
  });

  it("random-two never chooses the busiest of several instances if all differ", () => {
    const differing = fc.uniqueArray(fc.nat(50), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(differing, (running) => {
        const candidates = running.map((calls, index) => instance(`${index}`, calls));
        assert.notEqual(chooserFor("random-two")(candidates, "").running, Math.max(...running));
      }),
    );
  });

  it("hash gives a client the same instance in every process and in every order", () => {
    fc.assert(
      fc.property(clusters, fc.string(), (candidates, key) => {
        assert.deepEqual(chosen("hash", candidates, [key]), chosen("hash", candidates.toReversed(), [key]));
      }),
    );
  });

  it("hash moves only the clients of an instance that leaves", () => {
    const several = clusters.filter(({ length }) => length > 1);
    fc.assert(
      fc.property(several, fc.nat(), clients, (candidates, index, keys) => {
        const gone = index % candidates.length;
        const left = candidates.filter((_, each) => each !== gone);
        const before = chosen("hash", candidates, keys);
        const after = chosen("hash", left, keys);
        for (const [each, name] of before.entries())
          if (name !== candidates[gone]?.name) assert.equal(after[each], name);
      }),
    );
  });

  it("hash spreads clients about evenly", () => {
    const clientAddresses = Array.from({ length: 3_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    const all = chosen("hash", THREE, clientAddresses);
    for (const { name } of THREE) {
      const share = all.filter((each) => each === name).length;
      assert.ok(share > 900 && share < 1_100, `${name}: ${share}`);
    }
  });
});
