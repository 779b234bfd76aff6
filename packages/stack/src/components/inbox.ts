import { DEFAULT_PORTS, httpAddress, type Ports } from "../ports.ts";

/** Where the console takes in what Alertmanager and Grafana have to tell. */
export function alertInbox(ports: Ports): string {
  return `${httpAddress(ports, "CONSOLE_PORT")}/api/alerts`;
}

/** The console's default address, which rules and dashboards contain because they cannot read the environment. */
export const LINKED_CONSOLE = httpAddress(DEFAULT_PORTS, "CONSOLE_PORT");
