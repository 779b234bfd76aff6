import { fileURLToPath } from "node:url";

/** The path of an empty module. */
export const EMPTY_MODULE = fileURLToPath(new URL("web/src/dashboards/unused.ts", import.meta.url));

/**
 * Replaces large dependencies of @grafana/ui that no panel uses (the code editor). Vite would build them, because
 * @grafana/ui imports them dynamically.
 */
export const UNUSED_MODULE_ALIASES = [
  { find: /^@monaco-editor\/react$/, replacement: EMPTY_MODULE },
  { find: /^monaco-editor(\/.*)?$/, replacement: EMPTY_MODULE },
];
