import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationOf, planLoad, secondsLeft } from "./plan.ts";

const total = (steps: Parameters<typeof durationOf>[0][]) =>
  steps.reduce((sum, step) => sum + durationOf(step), 0);

describe("the plan of a run", () => {
  it("has the steps of the original lab, gRPC before REST at each number of users", () => {
    const { profile, steps } = planLoad({});
    assert.equal(profile, "full");
    assert.deepEqual(
      steps.map(({ protocol, users }) => `${protocol} ${users}`),
      [25, 50, 100, 200, 400, 800, 1600, 3200].flatMap((users) => [`grpc ${users}`, `rest ${users}`]),
    );
    assert.ok(steps.every(({ seconds, warmUpS }) => seconds === 30 && warmUpS === 5));
  });

  it("takes two minutes if it is quick", () => {
    const { profile, steps } = planLoad({ quick: true });
    assert.equal(profile, "quick");
    const seconds = total(steps);
    assert.ok(seconds > 100 && seconds <= 120, `${seconds} s`);
  });

  it("has the chosen users, duration and protocol", () => {
    const { profile, steps } = planLoad({ users: [7, 3], seconds: 2, protocol: "rest" });
    assert.equal(profile, "custom");
    assert.deepEqual(steps, [
      { protocol: "rest", users: 7, warmUpS: 2, seconds: 2 },
      { protocol: "rest", users: 3, warmUpS: 2, seconds: 2 },
    ]);
  });
});

describe("the time left", () => {
  const { steps } = planLoad({ users: [10, 20] });

  it("is the duration of all steps at the start", () => {
    assert.equal(secondsLeft(steps, 0), total(steps));
  });

  it("decreases with time", () => {
    assert.equal(secondsLeft(steps, 10), total(steps) - 10);
  });

  it("counts a step that takes longer than expected as about to end", () => {
    assert.equal(secondsLeft(steps, 1_000), total(steps.slice(1)));
  });

  it("is 0 after the last step", () => {
    assert.equal(secondsLeft([], 3), 0);
  });
});
