import { fileURLToPath } from "node:url";

/** The path of a module whose exports do nothing. */
export const STUB_MODULE = fileURLToPath(new URL("web/src/dashboards/code-editor-stub.ts", import.meta.url));

/**
 * Replaces large dependencies of @grafana/ui that no panel uses (the code editor). Vite would build them, because
 * @grafana/ui imports them dynamically.
 */
export const STUB_ALIASES = [
  { find: /^@monaco-editor\/react$/, replacement: STUB_MODULE },
  { find: /^monaco-editor(\/.*)?$/, replacement: STUB_MODULE },
];
