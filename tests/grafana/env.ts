/** The settings that tests/grafana/run.ts passes to the checks. */
const { GRAFANA_URL, GRAFANA_SKIP_REASON, GF_SECURITY_ADMIN_PASSWORD, GRAFANA_BREAK } = process.env;

/** The Grafana under test; undefined if there is none. */
export const url = GRAFANA_URL || undefined;

/** The reason why no Grafana is available. */
export const skipReason = GRAFANA_SKIP_REASON || "no Grafana: run this by `npm run test:grafana [url]`";

/** The password of its user `admin`. */
export const password = GF_SECURITY_ADMIN_PASSWORD || undefined;

/** The fault to set, to see Grafana's own rules fire. */
export const fault = GRAFANA_BREAK || undefined;
