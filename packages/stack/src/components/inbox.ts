import { DEFAULT_PORTS, httpAddress, type Ports } from "../ports.ts";

/** Where the console takes in what Alertmanager and Grafana have to tell. */
export function alertInbox(ports: Ports): string {
  return `${httpAddress(ports, "CONSOLE_PORT")}/api/alerts`;
}

/** The console's address in the links of rules and dashboards, which cannot read the environment. */
export const LINKED_CONSOLE = httpAddress(DEFAULT_PORTS, "CONSOLE_PORT");
