import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { NOTHING, UNUSED } from "./vite.unused.ts";

/** All packages that share one React. */
const PACKAGES = [
  "@grafana/data",
  "@grafana/schema",
  "@grafana/ui",
  "@grafana/ui/unstable",
  "@tanstack/react-query",
  "@tanstack/react-virtual",
  "@testing-library/react",
  "react",
  "react-dom",
  "react-dom/client",
  "react-router",
  "react-router/dom",
  "react/jsx-dev-runtime",
  "react/jsx-runtime",
];

/** Tests of the web application (`web/src`). They load modules as the build does, with a simulated DOM. */
export default defineConfig({
  root: `${import.meta.dirname}/web`,
  plugins: [react()],
  cacheDir: `${import.meta.dirname}/../../node_modules/.cache/vitest`,
  resolve: {
    alias: [
      ...UNUSED,
      { find: /^[^./].*\.css$/, replacement: NOTHING }, // style sheets of packages
      { find: /^react-dom\/server$/, replacement: "react-dom/server.browser" },
    ],
    mainFields: ["browser", "module", "main"],
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.tsx"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    onConsoleLog: (text) => !text.includes("The tag <search> is unrecognized"), // happy-dom does not know it
    testTimeout: 30_000,
    // One environment for all files of a worker: creating one for each file takes most of the time.
    isolate: false,
    // Grafana's modules import CommonJS modules by name, which Node cannot do, so packages are bundled as in the build.
    deps: { optimizer: { client: { enabled: true, include: PACKAGES } } },
  },
});
