import type { Backends } from "../queries/backend-client.ts";
import type { GrafanaClient } from "./client.ts";

/**
 * Returns the URL of a data source in Grafana's proxy, which Grafana's browser code uses for queries that ds/query does
 * not support.
 */
export const dataSourceProxyUrl = ({ url }: Pick<GrafanaClient, "url">, uid: string): string =>
  `${url}/api/datasources/proxy/uid/${uid}`;

/** Returns the backends at Grafana's proxy, without credentials. */
export const backendsThroughGrafana = (client: Pick<GrafanaClient, "url">): Backends => ({
  prometheus: dataSourceProxyUrl(client, "prometheus"),
  loki: dataSourceProxyUrl(client, "loki"),
  tempo: dataSourceProxyUrl(client, "tempo"),
});
