#!/usr/bin/env node
// Runs the `lab` command: directly if this Node runs TypeScript and has an option for a proxy, otherwise through the
// bootstrap, which starts the pinned Node.

const [major = 0] = process.versions.node.split(".").map(Number);

// Not by an import, which would load fetch and keep its memory.
if (major >= 24 && "setGlobalProxyFromEnv" in process.getBuiltinModule("node:http")) {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  await import("../src/cli/main.ts");
} else {
  process.argv.splice(2, 0, "packages/stack/src/cli/main.ts");
  await import("../../../scripts/bootstrap.mjs");
}
