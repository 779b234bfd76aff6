import { fileURLToPath } from "node:url";

/** The path of an empty module. */
export const NOTHING = fileURLToPath(new URL("web/src/dashboards/unused.ts", import.meta.url));

/**
 * Replaces large dependencies of @grafana/ui that no panel uses (the code editor). They are loaded on demand, so Vite
 * would build them.
 */
export const UNUSED = [
  { find: /^@monaco-editor\/react$/, replacement: NOTHING },
  { find: /^monaco-editor(\/.*)?$/, replacement: NOTHING },
];
