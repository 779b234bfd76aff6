import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { execa } from "execa";
import type { Component, Stage } from "../src/components/component.ts";
import { readEnvironment } from "../src/env.ts";
import { httpAddress, type PortVariable } from "../src/ports.ts";
import { freePorts } from "../src/supervisor/ownership.ts";
import { createStack, type StackOptions } from "../src/supervisor/stack.ts";
import type { StackEvent } from "../src/terminal/messages.ts";

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Returns whether this machine has Go. */
export const goIsHere = (() => {
  try {
    return Boolean(execFileSync("go", ["version"]));
  } catch {
    return false;
  }
})();

/**
 * Creates a folder that is removed after all tests of the file, because its processes may outlive a test for a moment.
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lab-test-"));
  folders.push(folder);
  return folder;
}

/** Returns a component whose program is one of test/fixtures, with its port as first argument. */
export function fixture(
  program: string,
  {
    name = program,
    port = "GATEWAY_PORT",
    stage = "backend",
    ...more
  }: Partial<Component> & FixtureOptions = {},
): Component {
  return {
    name,
    serviceName: name,
    stage,
    program: { kind: "node", version: "1.0.0" },
    ports: [port],
    args: ({ ports }) => [join(import.meta.dirname, "fixtures", `${program}.mjs`), `${ports[port]}`],
    readyUrl: ({ ports }) => `${httpAddress(ports, port)}/`,
    ...more,
  };
}

interface FixtureOptions {
  name?: string;
  port?: PortVariable;
  stage?: Stage;
}

/** Creates a stack of fixtures on free ports, which is stopped after the test, and records its events. */
export async function fixtureStack(test: TestContext, components: Component[], more: StackOptions = {}) {
  const events: StackEvent[] = [];
  const stack = await createStack({
    environment: readEnvironment({}),
    stateFolder: temporaryFolder(),
    ports: await freePorts(),
    components,
    report: (event) => events.push(event),
    ...more,
  });
  test.after(() => stack.down());
  return { stack, events };
}

/** Runs `npx lab` with these variables. Returns its output and its exit code, whatever they are. */
export const runLab = (variables: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  execa(process.execPath, [join(import.meta.dirname, "../src/cli/main.ts"), ...args], {
    env: variables,
    reject: false,
    stripFinalNewline: false,
  });

/**
 * Returns why separate hosts (`--hosts`) cannot be created here; false if they can. A container may have root, but not the
 * right to create a namespace.
 */
export function whyNoHosts(): string | false {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0 || spawnSync("unshare", ["--net", "true"]).status !== 0)
    return "it needs root that may create network namespaces";
  const isMissing = (name: string) => spawnSync(name, ["-V"]).error !== undefined;
  return ["ip", "tc", "nsenter"].some(isMissing) && "it needs ip, tc and nsenter";
}
