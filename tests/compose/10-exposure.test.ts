import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { HOST, REPOSITORY, readEnvironment } from "@lgtm-lab/stack";
import { compose, containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { readComposeFile } from "./file.ts";
import { services } from "./services.ts";

const DOCS_PAGE = readFileSync(join(REPOSITORY, "docs/containers.md"), "utf8");

interface Container {
  Config: { User: string };
  HostConfig: {
    CapDrop: string[];
    CapAdd: string[] | null;
    Privileged: boolean;
    ReadonlyRootfs: boolean;
    SecurityOpt: string[];
    Memory: number;
  };
  NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> };
}

describe("exposure", () => {
  const containers = new Map<string, Container>();

  before(async () => {
    for (const name of services)
      containers.set(name, JSON.parse(await docker("inspect", await containerOf(name)))[0]);
  });

  it("every port is published on loopback, as the engine reports it", () => {
    const published = [...containers.values()].flatMap(({ NetworkSettings }) =>
      Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []),
    );
    assert.ok(published.length >= 10, `${published.length} ports`);
    assert.deepEqual([...new Set(published.map(({ HostIp }) => HostIp))], [HOST]);
  });

  it("no other address of this machine accepts connections", async () => {
    const others = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.flatMap(({ internal, address, scopeid }) =>
        internal ? [] : [scopeid ? `${address}%${name}` : address],
      ),
    );
    assert.ok(others.length > 0, "this machine has no address except loopback, so this cannot be tested");
    const ports = [...containers.values()].flatMap(({ NetworkSettings }) =>
      Object.values(NetworkSettings.Ports).flatMap(
        (bindings) => bindings?.map(({ HostPort }) => Number(HostPort)) ?? [],
      ),
    );
    for (const port of ports) assert.ok(await opens(HOST, port), `${HOST}:${port} is published, and refuses`);
    for (const address of others)
      for (const port of ports) assert.ok(!(await opens(address, port)), `${address}:${port} answers`);
  });

  it("the fault admin ports and the internal ports of the backends are not published", async () => {
    const { ports } = readEnvironment();
    const published = JSON.stringify(
      [...containers.values()].map(({ NetworkSettings }) => NetworkSettings.Ports),
    );
    const inside = [
      ...SERVICE_NAMES.map((name) => SERVICES[name].ports.faultAdmin.port),
      ports.TEMPO_GRPC_PORT,
      ports.LOKI_GRPC_PORT,
      ports.TEMPO_OTLP_PORT,
    ];
    for (const port of inside) assert.ok(!published.includes(`"${port}"`), `${port} is published`);
  });

  it("inside the network, a fault admin port requires its token", async () => {
    // From a separate container: a second Node would not fit into the memory of one of ours.
    const network = await docker("network", "ls", "-q", "--filter", "name=lgtm-lab-test_default");
    const script = `fetch('http://service-a:${SERVICES["service-a"].ports.faultAdmin.port}/faults').then((response) => console.log(response.status))`;
    const run = ["run", "--rm", "--network", network, "lgtm-lab/services:0.1.0", "node", "-e", script];
    assert.equal(await docker(...run), "401");
  });

  it("Grafana's password is a secret of this installation, and read as docs/containers.md says", async () => {
    const [, documentedArgs = ""] = /^docker compose (run .*grafana-admin-password)$/m.exec(DOCS_PAGE) ?? [];
    assert.match(await compose(...documentedArgs.split(" ")), /^[\w-]{43}$/);
  });

  for (const name of services)
    it(`${name}: no root, no capability, a read-only root file system, a memory limit`, () => {
      const { Config, HostConfig } = containers.get(name) as Container;
      const { CapDrop, CapAdd, Privileged, ReadonlyRootfs, SecurityOpt, Memory } = HostConfig;
      assert.deepEqual(CapDrop, ["ALL"]);
      // Newer engines report CAP_CHOWN.
      const added = (CapAdd ?? []).map((capability) => capability.replace(/^CAP_/, ""));
      assert.deepEqual(added, name === "init" ? ["CHOWN", "DAC_OVERRIDE"] : []);
      assert.ok(!Privileged && ReadonlyRootfs);
      assert.ok(SecurityOpt.includes("no-new-privileges:true"));
      assert.ok(Memory > 0);
      assert.equal(Config.User, readComposeFile()[name]?.user);
      if (name !== "init") assert.doesNotMatch(Config.User, /^0/);
    });
});

/** Returns whether a server accepts connections there. */
function opens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const done = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
    socket.once("timeout", () => done(false));
  });
}
