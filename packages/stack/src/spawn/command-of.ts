import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Component, Place } from "../components/types.ts";
import { logFile } from "../logs/log-file.ts";
import type { Resolved } from "../resolve/resolve.ts";
import type { Scene } from "../supervise/scene.ts";
import type { Command } from "./spawn.ts";

/** Everything a component's process is started with; makes its data folder and what it wants to find there. */
export function commandOf(component: Component, { path, version }: Resolved, scene: Scene): Command {
  const { root, state, ports, environment, overrides, faultToken } = scene;
  const data = join(state, `${component.name}-${version}`);
  const { sloProfile, grafanaPassword } = environment;
  const own = { sloProfile, faultToken, grafanaPassword, program: path };
  const place: Place = { root, state, data, ports, ...own };
  if (component.program.kind === "binary") mkdirSync(data, { recursive: true });
  component.prepare?.(place);
  return {
    file: path,
    args: component.args(place),
    cwd: component.cwd?.(place) ?? root,
    log: logFile(state, component.name),
    env: {
      ...environment.basic,
      ...(component.program.kind === "node" && {
        PATH: [dirname(process.execPath), environment.basic.PATH].join(":"),
        NODE_COMPILE_CACHE: join(environment.cache, "node"),
      }),
      ...component.env?.(place),
      ...(component.telemetry && { ...environment.telemetry, ...environment.services }),
      ...environment.settings[component.name],
      ...overrides[component.name],
    },
  };
}
