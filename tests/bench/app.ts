import { serve } from "@hono/node-server";
import { Hono } from "hono";

/**
 * The application under load, which serves only `GET /hello`. Runs with IPC: sends its port, and on request its CPU
 * time (µs, all threads). `argv[2]` is the URL of the module with `observe()`, if one is used.
 */
const app = new Hono();
const telemetry = process.argv[2];
if (telemetry) app.use((await import(telemetry)).observe());
app.get("/hello", (c) => c.text("hello"));

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => process.send?.({ port }));

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system });
});
// The signal handlers of auto-instrumentations keep a process running; only the end of the bench must count.
process.on("disconnect", () => process.exit());
