export { REPOSITORY } from "@lgtm-lab/contracts/repository";
export type { Component } from "./components/component.ts";
export { buildConsole } from "./components/console.ts";
export { COMPONENTS } from "./components/index.ts";
export { promtool } from "./components/prometheus.ts";
export {
  composeProgram,
  ensureBinaries,
  k6Program,
  kustomizeProgram,
  manifestsProgram,
} from "./components/tools.ts";
export { diagnose } from "./doctor/diagnose.ts";
export type { HopResult } from "./doctor/hop.ts";
export { readEnvironment } from "./env.ts";
export { DEFAULT_PORTS, HOST, httpAddress, PORT_VARIABLES, type Ports, type PortVariable } from "./ports.ts";
export { findTool, resolveTool } from "./programs/find.ts";
export { processTree } from "./programs/processes.ts";
export { freePorts } from "./supervisor/ownership.ts";
export { type RunningStack, type StartOptions, startStack } from "./supervisor/stack.ts";
export { logFile, tailOf } from "./supervisor/state-folder.ts";
