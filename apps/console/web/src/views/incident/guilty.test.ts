import assert from "node:assert/strict";
import { test } from "node:test";
import { guiltySpans } from "./guilty.ts";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const trace = (faults: string, scope = "scopeSpans") => ({
  batches: [
    {
      resource: { attributes: [text("service.name", "service-b")] },
      [scope]: [
        {
          spans: [
            { spanId: "AAECAwQFBgc=", name: "ok", attributes: [] },
            {
              spanId: "AQIDBAUGBwg=",
              name: "StreamNumbers",
              startTimeUnixNano: "1764000000000000000",
              endTimeUnixNano: "1764000000423000000",
              attributes: [text("lab.fault", faults)],
            },
          ],
        },
      ],
    },
  ],
});

test("finds the span that names the fault, also among several", () => {
  for (const scope of ["scopeSpans", "instrumentationLibrarySpans"])
    assert.deepEqual(guiltySpans(trace("slow-a,slow-b", scope), "slow-b"), [
      {
        spanId: "0102030405060708",
        name: "StreamNumbers",
        service: "service-b",
        fault: "slow-b",
        milliseconds: 423,
      },
    ]);
});

test("another fault's is none, and what is no trace has none", () => {
  assert.deepEqual(guiltySpans(trace("slow-bb"), "slow-b"), []);
  for (const answer of [undefined, null, {}, { batches: [{}] }, { batches: "x" }])
    assert.deepEqual(guiltySpans(answer, "slow-b"), []);
});
