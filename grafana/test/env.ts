import type { Backends } from "../src/index.ts";

const { PROMETHEUS_URL, LOKI_URL, TEMPO_URL } = process.env;

/** A running stack with demo traffic; if undefined, tests on live data are reported as skipped. */
export const backends: Backends | undefined =
  PROMETHEUS_URL && LOKI_URL && TEMPO_URL
    ? { prometheus: PROMETHEUS_URL, loki: LOKI_URL, tempo: TEMPO_URL }
    : undefined;
