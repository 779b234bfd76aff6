import { test } from "node:test";
import { type GrafanaClient, grafanaClient } from "@lgtm-lab/grafana/api";
import { fault, password, skipReason, url } from "../env.ts";

/** Defines a check as an anonymous user. Without a Grafana it is reported as skipped, with the reason. */
export function check(name: string, body: (visitor: GrafanaClient) => Promise<void>): void {
  test(name, { skip: url === undefined && skipReason }, async () => body(grafanaClient(url ?? "")));
}

/** Defines a check that only an admin may make. */
export function adminCheck(name: string, body: (admin: GrafanaClient) => Promise<void>): void {
  const missing =
    password === undefined && "needs GF_SECURITY_ADMIN_PASSWORD, the password of Grafana's admin";
  test(name, { skip: url === undefined ? skipReason : missing }, async () =>
    body(grafanaClient(url ?? "", { user: "admin", password: password ?? "" })),
  );
}

/** Defines a check that sets a fault in the lab behind Grafana. */
export function faultCheck(
  name: string,
  body: (visitor: GrafanaClient, fault: string) => Promise<void>,
): void {
  const missing =
    fault === undefined && "breaks the lab on purpose: npm run test:grafana -- --break errors-a";
  test(name, { skip: url === undefined ? skipReason : missing }, async () =>
    body(grafanaClient(url ?? ""), fault ?? ""),
  );
}
