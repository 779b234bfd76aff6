import { fileURLToPath } from "node:url";

/** A module without content. */
export const NOTHING = fileURLToPath(new URL("web/src/dashboards/unused.ts", import.meta.url));

/**
 * Large parts of @grafana/ui that no panel here uses and that Vite would build all the same, because they are loaded on
 * demand: its code editor and its maps.
 */
export const UNUSED = [
  { find: /^@monaco-editor\/react$/, replacement: NOTHING },
  { find: /^monaco-editor(\/.*)?$/, replacement: NOTHING },
];
