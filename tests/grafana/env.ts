/** What tests/grafana/run.ts tells the checks that it starts. */
const { GRAFANA_URL, GRAFANA_WITHOUT, GF_SECURITY_ADMIN_PASSWORD, GRAFANA_BREAK } = process.env;

/** What the checks inherit from whoever runs them. */
export const inherited: Readonly<Record<string, string | undefined>> = process.env;

/** The Grafana to look at; nothing: there is none. */
export const url = GRAFANA_URL || undefined;

/** Why there is none. */
export const without = GRAFANA_WITHOUT || "no Grafana: run this by `npm run test:grafana [url]`";

/** Of its user `admin`. */
export const password = GF_SECURITY_ADMIN_PASSWORD || undefined;

/** The fault to set, to see Grafana's own rules fire. */
export const scenario = GRAFANA_BREAK || undefined;
