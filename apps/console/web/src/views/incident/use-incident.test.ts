import assert from "node:assert/strict";
import { test } from "vitest";
import { traceOf } from "../../trace/tree.ts";
import { faultySpans } from "./use-incident.ts";

const trace = (fault: string) =>
  traceOf({
    batches: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "service-b" } }] },
        scopeSpans: [
          {
            spans: [
              { spanId: "AAECAwQFBgc=", name: "fine" },
              {
                spanId: "AQIDBAUGBwg=",
                name: "late",
                startTimeUnixNano: "1764000000000000000",
                endTimeUnixNano: "1764000000423000000",
                attributes: [{ key: "lab.fault", value: { stringValue: fault } }],
              },
            ],
          },
        ],
      },
    ],
  });
const names = (fault: string) => faultySpans(trace(fault), "slow-b").map(({ span }) => span.name);

test("finds spans that name the fault, also in a list of faults, and ignores other faults", () => {
  assert.deepEqual(names("slow-b"), ["late"]);
  assert.deepEqual(names("slow-a,slow-b"), ["late"]);
  assert.deepEqual(names("slow-bb"), []);
  assert.deepEqual(faultySpans(undefined, "slow-b"), []);
});
