import type { Backends } from "../src/index.ts";

const { PROMETHEUS_URL, LOKI_URL, TEMPO_URL } = process.env;

/** A stack that runs with demo traffic; nothing: tests on live data are skipped, and say so. */
export const backends: Backends | undefined =
  PROMETHEUS_URL && LOKI_URL && TEMPO_URL
    ? { prometheus: PROMETHEUS_URL, loki: LOKI_URL, tempo: TEMPO_URL }
    : undefined;
