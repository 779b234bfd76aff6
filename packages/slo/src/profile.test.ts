import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { duration } from "./duration.ts";
import { PROFILES, type Profile, windowsOf } from "./profile.ts";

const asText = ({ period, pairs }: Profile) => ({
  period: duration(period),
  pairs: pairs.map(
    ({ short, long, burnRate, severity }) => `${duration(short)}/${duration(long)} ×${burnRate} ${severity}`,
  ),
});

describe("the profiles", () => {
  it("production has the windows of the workbook", () =>
    assert.deepEqual(asText(PROFILES.production), {
      period: "30d",
      pairs: ["5m/1h ×14.4 page", "30m/6h ×6 page", "2h/1d ×3 ticket", "6h/3d ×1 ticket"],
    }));

  it("demo has windows of 1/30 and the same burn rates", () =>
    assert.deepEqual(asText(PROFILES.demo), {
      period: "1d",
      pairs: ["10s/2m ×14.4 page", "1m/12m ×6 page", "4m/48m ×3 ticket", "12m/2h24m ×1 ticket"],
    }));

  it("lists a window of both groups for pages only", () =>
    assert.deepEqual(windowsOf(PROFILES.demo), { page: [10, 60, 120, 720], ticket: [240, 2880, 8640] }));
});
