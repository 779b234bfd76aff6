import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import { grafanaIcons } from "./vite.grafana-icons.ts";
import { STUB_ALIASES } from "./vite.stubs.ts";

/**
 * `vite build` builds dist/ (build/build.ts runs it). `vite` serves the sources and proxies the paths of the server to a
 * running console (`CONSOLE_URL`).
 */
export default defineConfig(({ mode }) => {
  const { CONSOLE_URL = "http://127.0.0.1:8000" } = loadEnv(mode, import.meta.dirname, "CONSOLE_");
  const server = { target: CONSOLE_URL, changeOrigin: true, headers: { origin: CONSOLE_URL } };
  return {
    root: `${import.meta.dirname}/web`,
    plugins: [react(), grafanaIcons()],
    resolve: { alias: STUB_ALIASES },
    build: {
      outDir: "../dist",
      emptyOutDir: true,
      assetsInlineLimit: 0, // the content security policy forbids fonts in data: URLs
      chunkSizeWarningLimit: 3000,
      modulePreload: { polyfill: false },
    },
    server: {
      host: "127.0.0.1",
      port: 8021,
      strictPort: true,
      proxy: { "/api": server, "/docs": server, "/load/": server, "/plain": server, "/prometheus": server },
    },
  };
});
