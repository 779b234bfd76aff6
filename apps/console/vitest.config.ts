import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { STUB_ALIASES, STUB_MODULE } from "./vite.stubs.ts";

/** Packages that must share one instance of React. */
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

/** Configures the tests of `web/src`. They resolve modules like the build, and use a simulated DOM. */
export default defineConfig({
  root: `${import.meta.dirname}/web`,
  plugins: [react()],
  cacheDir: `${import.meta.dirname}/../../node_modules/.cache/vitest`,
  resolve: {
    alias: [
      ...STUB_ALIASES,
      { find: /^[^./].*\.css$/, replacement: STUB_MODULE }, // style sheets in packages
      { find: /^react-dom\/server$/, replacement: "react-dom/server.browser" },
    ],
    mainFields: ["browser", "module", "main"],
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    onConsoleLog: (text) => !text.includes("The tag <search> is unrecognized"), // happy-dom does not know this element
    testTimeout: 30_000,
    // Reuse one environment for all files of a worker, because creating one takes longer than the tests.
    isolate: false,
    // Bundle packages as in the build: Grafana imports CommonJS modules by name, which Node does not support.
    deps: { optimizer: { client: { enabled: true, include: PACKAGES } } },
  },
});
