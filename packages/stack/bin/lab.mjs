#!/usr/bin/env node
// The `lab` command: on a Node that runs TypeScript directly and has an option for a proxy, or through the bootstrap, which
// finds one.
import http from "node:http";

const [major = 0] = process.versions.node.split(".").map(Number);

if (major >= 24 && "setGlobalProxyFromEnv" in http) {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  await import("../src/cli/main.ts");
} else {
  process.argv.splice(2, 0, "packages/stack/src/cli/main.ts");
  await import("../../../scripts/bootstrap.mjs");
}
