import assert from "node:assert/strict";
import { lastSeconds, readDashboards } from "@lgtm-lab/grafana";
import { queryDashboardByApi } from "@lgtm-lab/grafana/api";
import pWaitFor, { TimeoutError } from "p-wait-for";
import { check } from "./support/check.ts";

const RANGE_SECONDS = 300;

/** In a new stack, traffic must have reached every panel within this time. */
const BOUND_MS = 120_000;

for (const dashboard of readDashboards())
  check(`${dashboard.uid}: every panel has data with every value of every variable`, async (visitor) => {
    let problems: string[] = ["nothing was checked"];
    const look = async () => {
      // Throws while a variable has no values yet.
      problems = await queryDashboardByApi(visitor, dashboard, lastSeconds(RANGE_SECONDS)).catch(
        (error: Error) => [error.message],
      );
      return problems.length === 0;
    };
    await pWaitFor(look, { interval: 5000, timeout: BOUND_MS }).catch((error: Error) => {
      if (!(error instanceof TimeoutError)) throw error;
    });
    assert.deepEqual(problems, []);
  });
