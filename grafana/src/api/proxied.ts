import type { Backends } from "../queries/backend-client.ts";
import type { GrafanaClient } from "./client.ts";

/**
 * Returns the API of a data source through Grafana's proxy: Grafana's browser code uses it for queries that ds/query
 * does not support.
 */
export const proxied = ({ url }: Pick<GrafanaClient, "url">, uid: string): string =>
  `${url}/api/datasources/proxy/uid/${uid}`;

/** Returns the backends as an anonymous user reaches them. */
export const proxiedBackends = (client: Pick<GrafanaClient, "url">): Backends => ({
  prometheus: proxied(client, "prometheus"),
  loki: proxied(client, "loki"),
  tempo: proxied(client, "tempo"),
});
