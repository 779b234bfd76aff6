import { fileURLToPath } from "node:url";

/**
 * Large parts of @grafana/ui that no panel here uses and that Vite would build all the same, because they are loaded on
 * demand: its code editor and its maps.
 */
export const UNUSED = [
  { find: /^@monaco-editor\/react$/, replacement: nothing() },
  { find: /^monaco-editor(\/.*)?$/, replacement: nothing() },
];

function nothing(): string {
  return fileURLToPath(new URL("web/src/dashboards/unused.ts", import.meta.url));
}
