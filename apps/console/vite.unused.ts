import { fileURLToPath } from "node:url";

/** The path of an empty module. */
export const EMPTY_MODULE = fileURLToPath(new URL("web/src/dashboards/unused.ts", import.meta.url));

/**
 * Replaces large dependencies of @grafana/ui that no panel uses (the code editor). They are loaded on demand, so Vite
 * would build them.
 */
export const UNUSED_MODULE_ALIASES = [
  { find: /^@monaco-editor\/react$/, replacement: EMPTY_MODULE },
  { find: /^monaco-editor(\/.*)?$/, replacement: EMPTY_MODULE },
];
