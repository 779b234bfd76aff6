import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { COMPONENTS, freePort, resolveTool } from "@lgtm-lab/stack";
import pWaitFor from "p-wait-for";

/** Labels of an alert. */
export type Labels = Readonly<Record<string, string>>;

/** The message that Alertmanager posts to a webhook. */
export interface Notification {
  readonly receiver: string;
  readonly status: "firing" | "resolved";
  readonly alerts: readonly { readonly status: string; readonly labels: Labels }[];
  readonly truncatedAlerts: number;
}

interface AlertStatus {
  readonly labels: Labels;
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
}

/** A real Alertmanager with the repository's alertmanager.yml, and an inbox with the messages that it sent. */
export interface TestAlertmanager extends AsyncDisposable {
  readonly inbox: readonly Notification[];
  /** Sends firing alerts to it, as Prometheus does, or alerts that have just ended. */
  send(alerts: readonly Labels[], status?: "firing" | "resolved"): Promise<void>;
  /** The state of each alert by its name: `active`, or `suppressed` if it is inhibited. */
  states(): Promise<Record<string, string>>;
}

/** Starts Alertmanager and waits until it is ready. */
export async function startAlertmanager(): Promise<TestAlertmanager> {
  const component = COMPONENTS.find(({ name }) => name === "alertmanager");
  if (component?.program.kind !== "binary") throw new Error("The stack has no component alertmanager.");
  const program = await resolveTool("alertmanager", component.program);
  const folder = mkdtempSync(join(tmpdir(), "alertmanager-"));
  const inbox: Notification[] = [];
  const receiver = createHttpServer(async (request, response) => {
    inbox.push(JSON.parse(await text(request)));
    response.end();
  });
  writeFileSync(join(folder, "webhook-url"), `http://127.0.0.1:${await listen(receiver)}/api/alerts`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${join(REPOSITORY, "alertmanager.yml")}`,
    `--storage.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
  ];
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const log = text(child.stderr);
  const exited = once(child, "exit");
  const ready = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await Promise.race([
    pWaitFor(ready, { interval: 50, timeout: 20_000 }),
    exited.then(async () => Promise.reject(new Error(`Alertmanager exited:\n${await log}`))),
  ]);
  return {
    inbox,
    async send(alerts, status = "firing") {
      const ends = status === "firing" ? Date.now() + 240_000 : Date.now();
      const body = alerts.map((labels) => ({ labels, endsAt: new Date(ends).toISOString() }));
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async states() {
      const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as AlertStatus[];
      return Object.fromEntries(alerts.map(({ labels, status }) => [labels.alertname ?? "", status.state]));
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
      receiver.closeAllConnections();
      receiver.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
