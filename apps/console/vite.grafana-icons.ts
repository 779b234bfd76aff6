import { createReadStream, existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

/**
 * The path of the icons of @grafana/ui, below `__grafana_public_path__`, which
 * web/src/dashboards/view/grafana-root.tsx sets.
 */
const BASE = "/grafana/build/img/icons/";

/** Copies the icon files of @grafana/ui to the path from which its components load them. */
export function grafanaIcons(): Plugin {
  const folder = fileURLToPath(new URL("../public/img/icons", import.meta.resolve("@grafana/ui")));
  return {
    name: "grafana-icons",
    configureServer(server) {
      server.middlewares.use(BASE, (request, response, next) => {
        const file = join(folder, decodeURIComponent(request.url?.split("?")[0] ?? ""));
        if (!file.startsWith(folder) || !existsSync(file)) return next();
        response.setHeader("content-type", "image/svg+xml");
        createReadStream(file).pipe(response);
      });
    },
    generateBundle() {
      for (const name of globSync("**/*.svg", { cwd: folder }))
        this.emitFile({
          type: "asset",
          fileName: `${BASE.slice(1)}${name}`,
          source: readFileSync(join(folder, name)),
        });
    },
  };
}
