import type { Backends } from "../walk/backends.ts";
import type { GrafanaClient } from "./client.ts";

/** Where a data source's own API is, through Grafana: the way that its browser code takes for what ds/query cannot do. */
export const proxied = ({ url }: Pick<GrafanaClient, "url">, uid: string): string =>
  `${url}/api/datasources/proxy/uid/${uid}`;

/** The backends as the anonymous visitor reaches them. */
export const proxiedBackends = (client: Pick<GrafanaClient, "url">): Backends => ({
  prometheus: proxied(client, "prometheus"),
  loki: proxied(client, "loki"),
  tempo: proxied(client, "tempo"),
});
