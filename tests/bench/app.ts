import { serve } from "@hono/node-server";
import { Hono } from "hono";

/**
 * The application under load: `GET /hello`, nothing else to do. Run with IPC: it tells its port, and what CPU time it
 * has used (µs, all threads) whenever asked. `argv[2]`: URL of the module with `observe()`, if it is to be used.
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
// The signal handlers of auto-instrumentations leave a process running: only the end of the bench must count.
process.on("disconnect", () => process.exit());
