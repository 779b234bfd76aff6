#!/usr/bin/env node
// The `lab` command: on a Node that runs TypeScript directly, or through the bootstrap, which finds one.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 24 || (major === 24 && minor >= 12)) {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  await import("../src/cli.ts");
} else {
  process.argv.splice(2, 0, "packages/stack/src/cli.ts");
  await import("../../../scripts/bootstrap.mjs");
}
